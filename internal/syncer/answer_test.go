package syncer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

func TestPause(t *testing.T) {
	busy, broken := fault.As(fault.Busy, errors.New("at work")), fault.As(fault.Transient, errors.New("cut"))
	for _, tc := range []struct {
		err      error
		receives int
		age      time.Duration
		want     time.Duration
	}{
		{busy, 0, 0, 5 * time.Second},
		{busy, 1, time.Hour, 5 * time.Second},
		{busy, 2, 0, 10 * time.Second},
		{busy, 40, 0, 30 * time.Second},
		{broken, 1, 0, 30 * time.Second},
		{broken, 8, 3 * time.Minute, 90 * time.Second}, // seven times behind others, and once a cut connection
		{broken, 1, -time.Minute, 30 * time.Second},    // clocks
		{broken, 1, 24 * time.Hour, 15 * time.Minute},
	} {
		assert.Equal(t, tc.want, syncer.Pause(tc.err, tc.receives, tc.age), "%v %d %v", tc.err, tc.receives, tc.age)
	}
	// A dead-letter queue after 50 receives gives an outage half a day.
	age := time.Duration(0)
	for range 50 {
		age += syncer.Pause(broken, 1, age)
	}
	assert.Greater(t, age, 9*time.Hour)
}
