package parse

import (
	"fmt"
	"sync"
	"sync/atomic"
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
	alone   atomic.Bool // a batch of files failed
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
func passed() verdict { return verdict{look: readAnyway, says: says{anything: true}} }

// passedFact says that files were passed over, if any were: of the first by path, but of one that blocks before those
// that only warn.
func passedFact(all []*module) (first *module, f fact) {
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
	files := fmt.Sprintf("%d files were", n)
	if n == 1 {
		files = "1 file was"
	}
	return first, fact{Rule: RuleStall, Message: files + " not checked: the parser was too slow for those before"}
}
