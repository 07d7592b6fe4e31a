// Package queue is an SQS on this machine for the demo and for end-to-end tests: standard queues in memory, through Go
// and through SQS's JSON protocol, that bite where SQS bites. Messages come in any order and, when asked to, twice;
// they come back when their visibility time-out runs out; each receive has a receipt handle of its own, and older ones
// no longer work; what was received too often moves to a dead-letter queue. FIFO queues, message attributes and
// retention are not here.
package queue

import (
	"crypto/md5" //nolint:gosec // SQS's, not ours
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// maxVisibility is SQS's, 12 hours, counted from the receive.
	maxVisibility = 43_200 * time.Second
	// maxBody is SQS's limit of a message and of a batch: 1 MiB since August 2025.
	maxBody = 1 << 20
	// maxInFlight is a standard queue's limit.
	maxInFlight = 120_000
	// maxBatch is SQS's, for batches and receives.
	maxBatch = 10
)

// Attributes are a queue's settings.
type Attributes struct {
	// Visibility is the visibility time-out; SQS's default of 30 s when 0.
	Visibility time.Duration
	// MaxReceives moves a message to DeadLetter instead of receiving it once more; 0 never does.
	MaxReceives int
	// DeadLetter is the name of a queue of the same server.
	DeadLetter string
}

// Queue is one standard queue. Make one with Server.Create.
type Queue struct {
	name       string
	attributes Attributes
	options    Options
	dead       *Queue
	created    time.Time

	mu       sync.Mutex
	random   *mathrand.Rand
	messages map[string]*message // by id
	changed  chan struct{}       // closed, and made anew, when a message may have become visible
}

// message is one message, whether visible, in flight, or only remembered to come a second time.
type message struct {
	id, body, handle string
	sent, first, at  time.Time // sent, first and last received
	hidden           time.Time // until when it is not visible
	receives         int
	twin             twin
}

// twin is how a message comes twice.
type twin int

const (
	once     twin = iota
	parallel      // the first receive does not hide it
	undead        // the first delete does not remove it
)

// Message is a message as it was received.
type Message struct {
	ID, ReceiptHandle, Body, MD5 string
	Sent, FirstReceived          time.Time
	ReceiveCount                 int
}

// Stats counts a queue's messages.
type Stats struct {
	// Visible can be received, InFlight were received and are hidden, Dead are in its dead-letter queue.
	Visible, InFlight, Dead int
}

// Name is the queue's name.
func (q *Queue) Name() string { return q.name }

// ARN is the queue's name in events and redrive policies.
func (q *Queue) ARN() string { return "arn:aws:sqs:" + q.options.Region + ":" + account + ":" + q.name }

// Visibility is the queue's visibility time-out.
func (q *Queue) Visibility() time.Duration { return q.attributes.Visibility }

// Send puts a message in the queue and returns its id. It refuses what SQS refuses.
func (q *Queue) Send(body string) (string, error) {
	if err := acceptable(body); err != nil {
		return "", err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	m := &message{id: newID(), body: body, sent: now, hidden: now, twin: q.fate()}
	q.messages[m.id] = m
	q.wake()
	return m.id, nil
}

// fate decides whether a message will come twice, and how.
func (q *Queue) fate() twin {
	if q.random.Float64() >= q.options.Duplicate {
		return once
	}
	return []twin{parallel, undead}[q.random.IntN(2)]
}

func acceptable(body string) error {
	if body == "" {
		return problem("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if len(body) > maxBody {
		return problem("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxBody)
	}
	for _, r := range body {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
			return problem("InvalidMessageContents", "The message contains characters outside the allowed set.")
		}
	}
	return nil
}

// Stats counts the messages.
func (q *Queue) Stats() Stats {
	var s Stats
	if q.dead != nil {
		dead := q.dead.Stats()
		s.Dead = dead.Visible + dead.InFlight
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, m := range q.messages {
		if m.hidden.After(now) {
			s.InFlight++
		} else {
			s.Visible++
		}
	}
	return s
}

// Purge forgets every message.
func (q *Queue) Purge() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.messages)
}

// wake ends the waits of long polls. The lock is held.
func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body)) //nolint:gosec // SQS's, not ours
	return hex.EncodeToString(sum[:])
}
