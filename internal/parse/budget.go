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

// over tells whether no more files must be parsed.
func (b *budget) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.strikes >= maxStrikes || b.left <= 0
}

// passed is what is known of a file that is not checked any more: nothing, and so Airflow may read it, and it may
// import anything.
func passed() verdict { return verdict{look: readAnyway, imports: []string{anything}} }

// passedFindings say that files were passed over, if any were: at the first by path, but one that blocks before those
// that only warn.
func passedFindings(all []*module) []Finding {
	var first *module
	n := 0
	for _, m := range all {
		if !m.passed {
			continue
		}
		n++
		if blocks := m.spared == ""; first == nil || blocks && first.spared != "" || blocks == (first.spared == "") && m.path < first.path {
			first = m
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return first.findings(fact{Rule: RuleStall, Message: "1 file was not checked: the parser was too slow for those before"})
	default:
		return first.findings(fact{Rule: RuleStall, Message: fmt.Sprintf("%d files were not checked: the parser was too slow for those before", n)})
	}
}
