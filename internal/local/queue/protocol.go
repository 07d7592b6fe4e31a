package queue

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// input is every parameter of every operation.
type input struct {
	QueueURL                    string `json:"QueueUrl"`
	QueueName, QueueNamePrefix  string
	Attributes                  map[string]string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MaxNumberOfMessages         *int
	WaitTimeSeconds             int
	entry
	Entries []entry
}

// entry is a message or handle, alone or in a batch.
type entry struct {
	ID                string `json:"Id"`
	MessageBody       string
	DelaySeconds      int
	MessageAttributes map[string]any
	ReceiptHandle     string
	VisibilityTimeout *int
}

// operation answers one operation on one queue.
type operation func(ctx context.Context, s *Server, q *Queue, in input) (any, error)

func operations() map[string]operation {
	return map[string]operation{
		"ReceiveMessage":               receiveMessage,
		"SendMessage":                  single(send),
		"SendMessageBatch":             batch(send),
		"DeleteMessage":                single(remove),
		"DeleteMessageBatch":           batch(remove),
		"ChangeMessageVisibility":      single(change),
		"ChangeMessageVisibilityBatch": batch(change),
		"GetQueueAttributes":           getAttributes,
		"PurgeQueue": func(_ context.Context, _ *Server, q *Queue, _ input) (any, error) {
			q.Purge()
			return struct{}{}, nil
		},
	}
}

// ServeHTTP answers one request of SQS's JSON protocol (AWS JSON 1.0, X-Amz-Target: AmazonSQS.Operation).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", newID())
	out, err := s.answer(r)
	var known *Problem
	if errors.As(err, &known) {
		known.writeTo(w)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (s *Server) answer(r *http.Request) (any, error) {
	var in input
	data, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(data, &in) != nil {
		return nil, problem("InvalidParameterValue", "The request is no JSON document of this operation.")
	}
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	switch name {
	case "CreateQueue":
		return s.createQueue(in)
	case "GetQueueUrl":
		q, err := s.find(in.QueueName)
		if err != nil {
			return nil, err
		}
		return map[string]string{"QueueUrl": s.QueueURL(q)}, nil
	case "ListQueues":
		urls := []string{}
		for _, name := range s.names(in.QueueNamePrefix) {
			urls = append(urls, s.URL()+"/"+account+"/"+name)
		}
		return map[string][]string{"QueueUrls": urls}, nil
	}
	do, known := operations()[name]
	if !known {
		return nil, problem("UnsupportedOperation", "%s is not supported here.", name)
	}
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nil, err
	}
	return do(r.Context(), s, q, in)
}

// one does something with one message, and tells its result.
type one func(q *Queue, e entry) (map[string]any, error)

func send(q *Queue, e entry) (map[string]any, error) {
	if len(e.MessageAttributes) > 0 || e.DelaySeconds != 0 {
		return nil, problem("UnsupportedOperation", "Message attributes and delays are not supported here.")
	}
	id, err := q.Send(e.MessageBody)
	return map[string]any{"MessageId": id, "MD5OfMessageBody": md5Of(e.MessageBody)}, err
}

func remove(q *Queue, e entry) (map[string]any, error) {
	return map[string]any{}, q.Delete(e.ReceiptHandle)
}

func change(q *Queue, e entry) (map[string]any, error) {
	if e.VisibilityTimeout == nil {
		return nil, problem("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
	}
	return map[string]any{}, q.ChangeVisibility(e.ReceiptHandle, time.Duration(*e.VisibilityTimeout)*time.Second)
}

func single(do one) operation {
	return func(_ context.Context, _ *Server, q *Queue, in input) (any, error) { return do(q, in.entry) }
}

// batch does it with each entry: the answer is 200 however many of them failed.
func batch(do one) operation {
	return func(_ context.Context, _ *Server, q *Queue, in input) (any, error) {
		if err := validBatch(in.Entries); err != nil {
			return nil, err
		}
		successful, failed := []map[string]any{}, []map[string]any{}
		for _, e := range in.Entries {
			out, err := do(q, e)
			var p *Problem
			if errors.As(err, &p) {
				failed = append(failed, map[string]any{"Id": e.ID, "SenderFault": true, "Code": p.Code, "Message": p.Message})
				continue
			}
			out["Id"] = e.ID
			successful = append(successful, out)
		}
		return map[string]any{"Successful": successful, "Failed": failed}, nil
	}
}

// validBatch refuses a whole batch.
func validBatch(entries []entry) error {
	if len(entries) == 0 {
		return problem("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(entries) > maxBatch {
		return problem("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen, total := map[string]bool{}, 0
	for _, e := range entries {
		if e.ID == "" || len(e.ID) > 80 || strings.Trim(e.ID, alphanumeric+"-_") != "" {
			return problem("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[e.ID] {
			return problem("BatchEntryIdsNotDistinct", "Id %s repeated.", e.ID)
		}
		seen[e.ID] = true
		total += len(e.MessageBody)
	}
	if total > maxBody {
		return problem("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBody, total)
	}
	return nil
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
