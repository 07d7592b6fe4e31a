package syncer

import (
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
