package parse

import (
	"crypto/sha256"
	"sync"
)

// verdicts remember what a worker said of contents. Most files of a prefix are those of the last run, so that a warm
// function instance parses only what is new. The zero value is ready.
type verdicts struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte][]fact
}

// maxVerdicts bounds the memory: most take 100 bytes, a broken file's some 1,000.
const maxVerdicts = 100_000

func hash(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }

func (v *verdicts) get(key [sha256.Size]byte) ([]fact, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	facts, known := v.known[key]
	return facts, known
}

// any reports whether anything is known.
func (v *verdicts) any() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.known) > 0
}

func (v *verdicts) put(key [sha256.Size]byte, facts []fact) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) >= maxVerdicts {
		v.known = map[[sha256.Size]byte][]fact{}
	}
	v.known[key] = facts
}
