package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/dagferry/dagferry/internal/local/queue"
)

// recordOverhead is more than an event's record takes besides its body: ids, handle, attributes and ARN are about
// 700 bytes.
const recordOverhead = 1 << 10

// split cuts a batch so that each part's event fits into an invocation.
func split(messages []queue.Message) [][]queue.Message {
	var parts [][]queue.Message
	size := maxPayload
	for _, message := range messages {
		body, _ := json.Marshal(message.Body) // a string always can be
		more := len(body) + recordOverhead
		if size+more > maxPayload {
			parts, size = append(parts, nil), recordOverhead
		}
		last := len(parts) - 1
		parts[last], size = append(parts[last], message), size+more
	}
	return parts
}

// record is a message in an SQS event (page "Using Lambda with Amazon SQS").
type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes struct{}          `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

func (m Mapping) event(messages []queue.Message) ([]byte, error) {
	records := make([]record, 0, len(messages))
	for _, message := range messages {
		records = append(records, record{
			MessageID: message.ID, ReceiptHandle: message.ReceiptHandle, Body: message.Body, MD5OfBody: message.MD5,
			Attributes: message.Attributes(), EventSource: "aws:sqs", EventSourceARN: m.Queue.ARN(),
			AWSRegion: m.Function.options.Region,
		})
	}
	payload, err := json.Marshal(map[string][]record{"Records": records})
	if err != nil {
		return nil, fmt.Errorf("encode SQS event: %w", err)
	}
	return payload, nil
}

// failures reads which messages failed from an answer, by Lambda's rules (page "Handling errors for an SQS event
// source in Lambda"): nothing, null, {} and an empty or null list are success; whatever is malformed fails the batch.
// Names count with their case, unlike in encoding/json: {"BatchItemFailures": …} is an answer without failures.
func failures(answer []byte, known map[string]bool) (map[string]bool, error) {
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil, nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(answer, &top); err != nil {
		return nil, fmt.Errorf("read batchItemFailures: %w", err)
	}
	var items []map[string]json.RawMessage
	if list, present := top["batchItemFailures"]; present {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("read batchItemFailures: %w", err)
		}
	}
	failed := map[string]bool{}
	for _, item := range items {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" {
			return nil, fmt.Errorf("read batchItemFailures: an itemIdentifier is missing, null, empty or no string")
		}
		if !known[id] {
			return nil, fmt.Errorf("read batchItemFailures: %s is no message of the batch", id)
		}
		failed[id] = true
	}
	return failed, nil
}
