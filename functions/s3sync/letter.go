package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/target"
)

// letter is a message of the queue, read.
type letter struct {
	events.SQSMessage
	// targets are those that it touches.
	targets []string
	sweep   bool
	changes int
	newest  time.Time
	// err is why it could not be read.
	err error
}

// read opens every message of a batch.
func read(cfg config.Config, batch events.SQSEvent) []letter {
	letters := make([]letter, len(batch.Records))
	for i, message := range batch.Records {
		letters[i] = open(cfg, message)
	}
	return letters
}

func open(cfg config.Config, message events.SQSMessage) letter {
	l := letter{SQSMessage: message}
	m, err := event.Decode([]byte(message.Body))
	if err != nil {
		l.err = err
		return l
	}
	l.sweep, l.changes = m.Sweep != "", len(m.Changes)
	for _, c := range m.Changes {
		if c.Time.After(l.newest) {
			l.newest = c.Time
		}
	}
	l.targets, l.err = target.Touched(cfg, m)
	return l
}

func (l letter) touches(name string) bool { return slices.Contains(l.targets, name) }

// receives is how often the queue delivered the letter.
func (l letter) receives() int {
	n, err := strconv.Atoi(l.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return max(n, 1)
}
