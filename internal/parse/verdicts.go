package parse

import (
	"crypto/sha256"
	"sync"
)

// verdict is what is known of contents, whatever the name of the file.
type verdict struct {
	facts []fact
	says
	look look
}

// verdicts remember what a worker said of contents. Most files of a prefix are those of the last run, so that a warm
// function instance parses only what is new. The zero value is ready.
type verdicts struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]verdict
}

// maxVerdicts bounds the memory: most take some 300 bytes, a broken file's some 1,000.
const maxVerdicts = 100_000

func hash(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }

func (v *verdicts) get(key [sha256.Size]byte) (verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known, is := v.known[key]
	return known, is
}

// any reports whether anything is known.
func (v *verdicts) any() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.known) > 0
}

// put remembers a verdict, unless it knows less than one that is there.
func (v *verdicts) put(key [sha256.Size]byte, about verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known[key].look&isParsed != 0 && about.look&isParsed == 0 {
		return
	}
	if v.known == nil || len(v.known) >= maxVerdicts {
		v.known = map[[sha256.Size]byte]verdict{}
	}
	v.known[key] = about
}
