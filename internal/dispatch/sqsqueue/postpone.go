package sqsqueue

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// atOnce is the most entries that SQS takes in a call, and the most messages that it gives.
const atOnce = 10

// Later is a message that shall come back after a time.
type Later struct {
	Receipt string
	Wait    time.Duration
}

// Postpone changes when messages come back. Where that fails, they come back after the queue's own visibility time-out:
// later, but they do.
func Postpone(ctx context.Context, client *sqs.Client, log *slog.Logger, url string, all []Later) {
	for chunk := range slices.Chunk(all, atOnce) {
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for i, l := range chunk {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(fmt.Sprintf("m%d", i)), ReceiptHandle: &l.Receipt, VisibilityTimeout: int32(l.Wait.Seconds()),
			})
		}
		got, err := client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			log.Error("messages come back late", "queue", url, "messages", len(chunk), "error", err)
			continue
		}
		for _, f := range got.Failed {
			log.Error("a message comes back late", "queue", url, "code", aws.ToString(f.Code), "error", aws.ToString(f.Message))
		}
	}
}

// URL is the address of the queue that an ARN names (arn:aws:sqs:region:account:name).
func URL(queue string) (string, error) {
	a, err := arn.Parse(queue)
	if err != nil || a.Service != "sqs" {
		return "", fmt.Errorf("%q is not the ARN of a queue", queue)
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(a.Partition, "aws-cn") {
		domain += ".cn"
	}
	return fmt.Sprintf("https://sqs.%s.%s/%s/%s", a.Region, domain, a.AccountID, a.Resource), nil
}
