package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

// answer tells the queue which letters have to come back, and when.
func (h *host) answer(ctx context.Context, letters []letter, ended map[string]error) events.SQSEventResponse {
	back := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	later := map[string][]types.ChangeMessageVisibilityBatchRequestEntry{}
	newest := newestReceipts(letters)
	for i, l := range letters {
		err := worst(l, ended)
		if syncer.Acknowledged(l.sweep, err) {
			if err != nil {
				h.log.Error("a message is dropped", "message", l.MessageId, "error", err)
			}
			continue
		}
		wait := pause(fault.Of(err), l.receives())
		h.log.Warn("a message comes back", "message", l.MessageId, "receives", l.receives(), "seconds", wait.Seconds(),
			"kind", fault.Of(err).String(), "error", err)
		back.BatchItemFailures = append(back.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: l.MessageId})
		if newest[l.MessageId] != l.ReceiptHandle {
			continue // the queue delivered it twice into this batch, and takes the newer receipt only
		}
		id, receipt := fmt.Sprintf("m%d", i), l.ReceiptHandle
		later[l.EventSourceARN] = append(later[l.EventSourceARN], types.ChangeMessageVisibilityBatchRequestEntry{
			Id: &id, ReceiptHandle: &receipt, VisibilityTimeout: int32(wait.Seconds()),
		})
	}
	for source, entries := range later {
		h.postpone(ctx, source, entries)
	}
	return back
}

// newestReceipts are the receipt handles that still work, by message.
func newestReceipts(letters []letter) map[string]string {
	receives, newest := map[string]int{}, map[string]string{}
	for _, l := range letters {
		if n := l.receives(); n > receives[l.MessageId] {
			receives[l.MessageId], newest[l.MessageId] = n, l.ReceiptHandle
		}
	}
	return newest
}

// pause is how long a letter stays away: a busy run may be over at any moment, a fault takes longer to pass, and one
// that does not pass ends in the dead-letter queue.
func pause(kind fault.Kind, receives int) time.Duration {
	if kind == fault.Busy {
		steps := []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second}
		return steps[min(receives, len(steps))-1]
	}
	const first, longest = 30 * time.Second, 15 * time.Minute
	return min(first<<min(receives-1, 5), longest)
}

// postpone changes when letters come back. Where that fails, they come back after the queue's own visibility
// time-out: later, but they do.
func (h *host) postpone(ctx context.Context, source string, entries []types.ChangeMessageVisibilityBatchRequestEntry) {
	url, err := queueURL(source)
	if err != nil {
		h.log.Error("messages come back late", "error", err)
		return
	}
	const atOnce = 10 // SQS takes ten entries a call
	for chunk := range slices.Chunk(entries, atOnce) {
		got, err := h.queue.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: chunk})
		if err != nil {
			h.log.Error("messages come back late", "queue", url, "messages", len(chunk), "error", err)
			continue
		}
		for _, f := range got.Failed {
			h.log.Error("a message comes back late", "queue", url, "entry", deref(f.Id), "code", deref(f.Code), "error", deref(f.Message))
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// queueURL is the address of the queue that an event source names (arn:aws:sqs:region:account:name).
func queueURL(source string) (string, error) {
	a, err := arn.Parse(source)
	if err != nil || a.Service != "sqs" {
		return "", fmt.Errorf("%q is not the ARN of a queue", source)
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(a.Partition, "aws-cn") {
		domain += ".cn"
	}
	return fmt.Sprintf("https://sqs.%s.%s/%s/%s", a.Region, domain, a.AccountID, a.Resource), nil
}
