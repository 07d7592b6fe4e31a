package queue

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Receive receives up to limit messages (1 to 10), waiting for the first up to wait (long polling, up to 20 s). They
// are hidden for visibility, or for the queue's time-out when that is negative. Without a wait it returns fewer than
// there are as often as not, as SQS's short polling does, which asks only some of its servers.
func (q *Queue) Receive(ctx context.Context, limit int, wait, visibility time.Duration) ([]Message, error) {
	if limit < 1 || limit > maxBatch {
		return nil, problem("InvalidParameterValue", "Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", limit)
	}
	if wait < 0 || wait > 20*time.Second {
		return nil, problem("InvalidParameterValue", "Value for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.")
	}
	if visibility < 0 {
		visibility = q.attributes.Visibility
	} else if err := validVisibility(visibility); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		messages, changed, next, err := q.take(limit, visibility, wait == 0)
		if err != nil || len(messages) > 0 || ctx.Err() != nil {
			return messages, err
		}
		await(ctx, changed, next)
	}
}

// await returns when a message may be visible, or at the context's end.
func await(ctx context.Context, changed <-chan struct{}, next time.Duration) {
	timer := time.NewTimer(next)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}

// take receives what is visible now. When nothing is, it tells what to wait for.
func (q *Queue) take(limit int, visibility time.Duration, short bool) ([]Message, <-chan struct{}, time.Duration, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	visible, inFlight, next := q.sight(now)
	if inFlight >= maxInFlight {
		return nil, nil, 0, problem("OverLimit", "Too many messages in flight.")
	}
	q.random.Shuffle(len(visible), func(i, j int) { visible[i], visible[j] = visible[j], visible[i] })
	if short && len(visible) > 1 {
		limit = min(limit, 1+q.random.IntN(len(visible)))
	}
	var out []Message
	for _, m := range visible {
		if len(out) == limit {
			break
		}
		if q.dead != nil && q.attributes.MaxReceives > 0 && m.receives >= q.attributes.MaxReceives {
			delete(q.messages, m.id)
			q.dead.bury(*m)
			continue
		}
		out = append(out, q.receive(m, now, visibility))
	}
	return out, q.changed, next, nil
}

// sight sorts the messages into visible and in flight, and tells when the next will be visible. The visible ones stand
// in the order in which they were sent, so that from there on the seed decides.
func (q *Queue) sight(now time.Time) (visible []*message, inFlight int, next time.Duration) {
	next = time.Hour
	for _, m := range q.messages {
		if !m.hidden.After(now) {
			visible = append(visible, m)
			continue
		}
		inFlight++
		next = min(next, m.hidden.Sub(now))
	}
	slices.SortFunc(visible, func(a, b *message) int {
		return a.sent.Compare(b.sent)
	})
	return visible, inFlight, next
}

func (q *Queue) receive(m *message, now time.Time, visibility time.Duration) Message {
	if m.first.IsZero() {
		m.first = now
	}
	m.receives++
	m.at = now
	m.handle = base64.StdEncoding.EncodeToString([]byte(m.id + " " + newID()))
	m.hidden = now.Add(visibility)
	if m.twin == parallel {
		m.twin, m.hidden = once, now
		q.wake()
	}
	return Message{
		ID: m.id, ReceiptHandle: m.handle, Body: m.body, MD5: md5Of(m.body),
		Sent: m.sent, FirstReceived: m.first, ReceiveCount: m.receives,
	}
}

// bury takes in a message that another queue gave up. It keeps its id and when it was sent.
func (q *Queue) bury(m message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m.receives, m.handle, m.first, m.hidden = 0, "", time.Time{}, time.Now()
	q.messages[m.id] = &m
	q.wake()
}

// Delete removes a message. With a handle that is not the newest it succeeds and removes nothing (page DeleteMessage),
// as it does for a message that is gone.
func (q *Queue) Delete(handle string) error {
	id, err := idOf(handle)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.messages[id]
	switch {
	case m == nil || m.handle != handle:
	case m.twin == undead:
		m.twin = once // it comes back when its time-out runs out: the server that was to forget it was down
	default:
		delete(q.messages, id)
	}
	return nil
}

// ChangeVisibility hides a message that is in flight for that long from now on. An older handle is
// ReceiptHandleIsInvalid, a message that is visible again MessageNotInflight.
func (q *Queue) ChangeVisibility(handle string, visibility time.Duration) error {
	if err := validVisibility(visibility); err != nil {
		return err
	}
	id, err := idOf(handle)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	m := q.messages[id]
	switch {
	case m == nil:
		return problem("InvalidParameterValue",
			"Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", handle)
	case m.handle != handle:
		return problem("ReceiptHandleIsInvalid", "The input receipt handle is not the newest of its message.")
	case !m.hidden.After(now):
		return problem("MessageNotInflight", "The message referred to is not in flight.")
	case now.Add(visibility).Sub(m.at) > maxVisibility:
		return problem("InvalidParameterValue",
			"Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	m.hidden = now.Add(visibility)
	q.wake()
	return nil
}

func validVisibility(d time.Duration) error {
	if d < 0 || d > maxVisibility {
		return problem("InvalidParameterValue",
			"Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", int(d.Seconds()))
	}
	return nil
}

// idOf is the message that a receipt handle belongs to.
func idOf(handle string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(handle)
	id, _, ok := strings.Cut(string(decoded), " ")
	if err != nil || !ok {
		return "", problem("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
	}
	return id, nil
}
