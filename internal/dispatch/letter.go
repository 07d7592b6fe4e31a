package dispatch

import (
	"slices"
	"time"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/syncer"
	"github.com/dagferry/dagferry/internal/target"
)

// letter is a message, read.
type letter struct {
	Message
	// targets are those that it touches.
	targets []string
	sweep   bool
	changes int
	newest  time.Time
	// err is why it could not be read.
	err error
}

// read opens every message of a batch.
func read(cfg config.Config, messages []Message) []letter {
	letters := make([]letter, len(messages))
	for i, m := range messages {
		letters[i] = open(cfg, m)
	}
	return letters
}

func open(cfg config.Config, message Message) letter {
	l := letter{Message: message}
	m, err := event.Decode(message.Body)
	if err != nil {
		l.err = err
		return l
	}
	l.sweep, l.changes = m.Sweep != "" && len(m.Changes) == 0, len(m.Changes)
	for _, c := range m.Changes {
		if c.Time.After(l.newest) {
			l.newest = c.Time
		}
	}
	l.targets, l.err = target.Touched(cfg, m)
	return l
}

func (l letter) touches(name string) bool { return slices.Contains(l.targets, name) }

// because is the trigger of a target's run, and whether there is one. Where a sweep is due, events come along with it.
func because(name string, letters []letter) (syncer.Trigger, bool) {
	why, touched := syncer.Trigger{Kind: syncer.ByEvent}, false
	for _, l := range letters {
		if !l.touches(name) {
			continue
		}
		touched = true
		if l.sweep {
			why.Kind = syncer.BySweep
		}
		why.Events += l.changes
		if l.newest.After(why.Newest) {
			why.Newest = l.newest
		}
	}
	return why, touched
}
