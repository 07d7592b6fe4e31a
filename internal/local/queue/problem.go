package queue

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is an error as SQS answers it.
type Problem struct{ Code, Message string }

func (p *Problem) Error() string { return p.Code + ": " + p.Message }

func problem(code, format string, args ...any) error {
	return &Problem{code, fmt.Sprintf(format, args...)}
}

// legacy are the codes of the older query protocol, which the header x-amzn-query-error carries and SDKs show instead,
// where they differ.
func legacy(code string) string {
	switch code {
	case "QueueDoesNotExist":
		return "AWS.SimpleQueueService.NonExistentQueue"
	case "EmptyBatchRequest", "TooManyEntriesInBatchRequest", "BatchEntryIdsNotDistinct", "BatchRequestTooLong",
		"InvalidBatchEntryId", "MessageNotInflight", "UnsupportedOperation":
		return "AWS.SimpleQueueService." + code
	case "QueueNameExists":
		return "QueueAlreadyExists"
	}
	return code
}

func (p *Problem) writeTo(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-Query-Error", legacy(p.Code)+";Sender")
	status := http.StatusBadRequest
	if p.Code == "OverLimit" {
		status = http.StatusForbidden
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + p.Code, "message": p.Message})
}
