package parse

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
)

//go:embed observe.py
var observeSource string

//go:embed worker.py
var talkSource string

// workerSource is what the interpreter runs.
//
//nolint:gochecknoglobals // two files in one
var workerSource = observeSource + "\n" + talkSource

// helloTimeout bounds the start of an interpreter: 0.1 s when its files are in memory, several on a cold disk.
const helloTimeout = 30 * time.Second

// errStalled means that the time for a file was over.
var errStalled = errors.New("it takes too long")

// crashError means that the worker died, or stopped to make sense, over a file.
type crashError struct{ reason string }

func (e *crashError) Error() string { return e.reason }

// worker is one interpreter process at a time. It starts when it is asked something, and again after it died.
// One goroutine may use it at a time, except that any may close it.
type worker struct {
	path    string
	args    []string
	timeout time.Duration // of a file
	hello   time.Duration // of a start

	mu     sync.Mutex // guards closed and process, for close
	closed bool
	now    *process
}

func newWorker(o Options, python int) *worker {
	// Processor time is for a worker whose parent is gone or frozen; otherwise the time-out comes first.
	seconds := int(o.FileTimeout/time.Second) + 2
	args := []string{"-I", "-S", "-B", "-c", workerSource, strconv.Itoa(python), strconv.FormatInt(o.Memory, 10), strconv.Itoa(seconds)}
	return &worker{path: o.Interpreter, args: args, timeout: o.FileTimeout, hello: helloTimeout}
}

// ask has the worker parse files, and has an answer for each. Its error is a *crashError, errStalled, ctx's, or one about the
// interpreter: with several files, nobody knows which was to blame.
func (w *worker) ask(ctx context.Context, files ...[]byte) ([]answer, error) {
	if err := w.ready(ctx); err != nil {
		return nil, err
	}
	said, err := within(ctx, w, w.timeout, func(p *process) ([][]byte, error) { return p.ask(files...) })
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(said))
	for i, one := range said {
		if answers[i], err = decodeAnswer(one); err != nil {
			w.end()
			return nil, &crashError{err.Error()}
		}
	}
	return answers, nil
}

// ready starts the process if there is none, and waits until it says hello.
func (w *worker) ready(ctx context.Context) error {
	if err := w.launch(); err != nil {
		return err
	}
	if w.now.greeting != "" {
		return nil
	}
	hello, err := within(ctx, w, w.hello, (*process).receive)
	if err == nil && !strings.HasPrefix(string(hello), `{"python": [3, `) {
		err = errors.New("it is no Python 3: " + w.end())
	}
	switch {
	case err == nil:
		w.now.greeting = string(hello)
		return nil
	case ctx.Err() != nil, errors.Is(err, errClosed):
		return err
	default: // not wrapped: it is the interpreter that crashed or stalled, not a file
		return fault.Errorf(fault.Denied, "start interpreter %s: %v", w.path, err)
	}
}

// launch starts the process if there is none.
func (w *worker) launch() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if w.now != nil {
		return nil
	}
	p, err := start(w.path, w.args)
	if err != nil {
		return fault.Errorf(fault.Denied, "start interpreter %s: %w", w.path, err)
	}
	w.now = p
	return nil
}

// within runs a conversation, and kills the process when it takes too long. When it fails, the process has ended.
func within[T any](ctx context.Context, w *worker, timeout time.Duration, talk func(*process) (T, error)) (T, error) {
	limit, cancel := context.WithTimeoutCause(ctx, timeout, errStalled)
	defer cancel()
	stop := context.AfterFunc(limit, w.now.kill)
	defer stop()
	answer, err := talk(w.now)
	if err == nil {
		return answer, nil
	}
	cause := context.Cause(limit)
	ended := w.end()
	switch {
	case ctx.Err() != nil:
		return answer, ctx.Err()
	case w.isClosed():
		return answer, errClosed
	case errors.Is(cause, errStalled):
		return answer, errStalled
	default:
		return answer, &crashError{fmt.Sprintf("%s (%v)", ended, err)}
	}
}

// end ends the process and says how it ended.
func (w *worker) end() string {
	w.mu.Lock()
	p := w.now
	w.now = nil
	w.mu.Unlock()
	return p.end()
}

func (w *worker) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// close kills the process for good, whatever it is doing. The one who uses it, or reap, has to end it.
func (w *worker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.now != nil {
		w.now.kill()
	}
}

// reap ends what close has killed.
func (w *worker) reap() {
	if w.now != nil {
		w.end()
	}
}
