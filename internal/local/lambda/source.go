package lambda

import (
	"context"
	"time"

	"github.com/dagferry/dagferry/internal/local/queue"
)

// Source is a mapping's queue: one of this process (queue.Queue), or one behind SQS's API (moto.Queue).
type Source interface {
	ARN() string
	// Visibility is the queue's visibility time-out.
	Visibility() time.Duration
	// Receive waits for messages, as SQS's ReceiveMessage does; a visibility below 0 is the queue's own.
	Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]queue.Message, error)
	Delete(receiptHandle string) error
}
