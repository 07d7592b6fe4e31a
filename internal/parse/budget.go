package parse

import (
	"fmt"
	"sync"
	"time"
)

// maxStrikes is how many files of one Check may stall or crash the parser before it gives up on the others.
const maxStrikes = 3

// budget bounds what one Check spends on parsing, so that files that each take long do not outlast the run together.
// What the tree takes to be read does not count.
type budget struct {
	mu      sync.Mutex
	left    time.Duration // of all workers together
	strikes int
	skipped int
	first   file // of those skipped: by path, but one that blocks before those that only warn
}

func newBudget(o Options) *budget {
	return &budget{left: o.Budget * time.Duration(o.Workers)}
}

func (b *budget) spend(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left -= d
}

func (b *budget) strike() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.strikes++
}

// skips tells whether the file must not be checked any more, and takes note of it.
func (b *budget) skips(f file) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.strikes < maxStrikes && b.left > 0 {
		return false
	}
	blocks, blocked := f.spared == "", b.first.spared == ""
	if b.skipped == 0 || blocks && !blocked || blocks == blocked && f.path < b.first.path {
		b.first = f
	}
	b.skipped++
	return true
}

// findings say that files were skipped, if any were.
func (b *budget) findings() []Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.skipped == 0 {
		return nil
	}
	message := fmt.Sprintf("%d files were not checked: the parser was too slow for those before", b.skipped)
	if b.skipped == 1 {
		message = "1 file was not checked: the parser was too slow for those before"
	}
	return b.first.findings(fact{Rule: RuleStall, Message: message})
}
