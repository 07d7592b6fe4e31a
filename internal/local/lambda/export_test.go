package lambda

import "github.com/dagferry/dagferry/internal/local/queue"

// Event is the event that a mapping makes of messages.
func Event(m Mapping, messages []queue.Message) ([]byte, error) { return m.event(messages) }

// Split cuts messages into invocations.
func Split(messages []queue.Message) [][]queue.Message { return split(messages) }
