package syncer

import (
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/mutant"
)

// Acknowledged reports whether a message is done with after a run that it asked for ended with err. Rejected and
// denied runs were told, and what they could not do the next upload or the next sweep takes up. A sweep that finds
// another run at work leaves the work to it. Everything else has to come back.
func Acknowledged(sweep bool, err error) bool {
	if err == nil {
		return true
	}
	switch fault.Of(err) {
	case fault.Rejected, fault.Denied:
		return true
	case fault.Busy:
		return sweep || mutant.LeavesOut(mutant.Unacknowledged)
	case fault.Transient, fault.Broken:
	}
	return false
}

// Pause is how long a message that has to come back stays away, by the error of its run, how often it was received and
// how long ago it was sent. A run that is at work may be over at any moment. A fault takes longer to pass the longer it
// has lasted, and what does not pass ends in the dead-letter queue: half of the message's age, from half a minute to a
// quarter of an hour. How often it was received would tell less: a message that waited for others' runs ten times must
// not be kept away for a quarter of an hour by its first cut connection.
func Pause(err error, receives int, age time.Duration) time.Duration {
	if fault.Of(err) == fault.Busy {
		steps := []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second}
		return steps[min(max(receives, 1), len(steps))-1]
	}
	return min(max(age/2, 30*time.Second), 15*time.Minute).Round(time.Second)
}
