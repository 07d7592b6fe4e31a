package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows on a terminal what takes longer than a second, and nothing in a pipe.
type progress struct {
	out   io.Writer
	name  string
	mu    sync.Mutex
	timer *time.Timer
	shown bool
}

func newProgress(out io.Writer, name string) *progress {
	if f, ok := out.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		out = nil
	}
	return &progress{out: out, name: name}
}

// doing is what goes on from now.
func (p *progress) doing(what string) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.shown {
		p.line(what)
		return
	}
	p.timer = time.AfterFunc(time.Second, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.line(what)
	})
}

// line replaces the line that is shown.
func (p *progress) line(what string) {
	p.shown = true
	fmt.Fprintf(p.out, "\r\x1b[K%s: %s …", p.name, what)
}

// done takes the line away.
func (p *progress) done() {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.shown = false
}
