package event

import (
	"encoding/json"
	"fmt"
)

// sweepInput is what a schedule has to send, for errors.
const sweepInput = `{"dagferry": {"sweep": "<target>"}}`

// sweepMessage is our own: the input of an EventBridge Scheduler schedule or of an EventBridge rule.
type sweepMessage struct {
	Dagferry struct {
		Sweep string `json:"sweep"`
	} `json:"dagferry"`
}

// SweepMessage is the message that makes a run look after a target.
func SweepMessage(target string) []byte {
	var m sweepMessage
	m.Dagferry.Sweep = target
	b, _ := json.Marshal(m) // strings always marshal
	return b
}

func sweep(body []byte) (Message, error) {
	var m sweepMessage
	if err := json.Unmarshal(body, &m); err != nil || m.Dagferry.Sweep == "" {
		return Message{}, fmt.Errorf("%w: a sweep names no target: set the schedule's input to %s, not %s", ErrUnknown, sweepInput, beginning(body))
	}
	return Message{Sweep: m.Dagferry.Sweep}, nil
}
