package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/dispatch/sqsqueue"
)

// messages are a batch's, as dispatch takes them.
func messages(batch events.SQSEvent) []dispatch.Message {
	all := make([]dispatch.Message, len(batch.Records))
	for i, r := range batch.Records {
		all[i] = sqsqueue.Message(r.MessageId, r.Body, r.Attributes)
	}
	return all
}

// answer tells Lambda which messages have to come back, and their queue when.
func (h *host) answer(ctx context.Context, batch events.SQSEvent, verdicts []dispatch.Verdict) events.SQSEventResponse {
	back := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	later := map[string][]sqsqueue.Later{}
	newest := newestReceipts(batch)
	for i, v := range verdicts {
		m := batch.Records[i]
		if !v.Back {
			continue
		}
		back.BatchItemFailures = append(back.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		if newest[m.MessageId] != m.ReceiptHandle {
			continue // the queue delivered it twice into this batch, and takes the newer receipt only
		}
		later[m.EventSourceARN] = append(later[m.EventSourceARN], sqsqueue.Later{Receipt: m.ReceiptHandle, Wait: v.Wait})
	}
	for source, entries := range later {
		url, err := sqsqueue.URL(source)
		if err != nil {
			h.log.Error("messages come back late", "error", err)
			continue
		}
		sqsqueue.Postpone(ctx, h.queue, h.log, url, entries)
	}
	return back
}

// newestReceipts are the receipt handles that still work, by message.
func newestReceipts(batch events.SQSEvent) map[string]string {
	most, newest := map[string]int{}, map[string]string{}
	for _, m := range batch.Records {
		if n := sqsqueue.Message("", "", m.Attributes).Receives; n > most[m.MessageId] {
			most[m.MessageId], newest[m.MessageId] = n, m.ReceiptHandle
		}
	}
	return newest
}
