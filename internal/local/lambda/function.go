// Package lambda is a Lambda on this machine for the demo and for end-to-end tests: it runs the real bootstrap
// executable against the Runtime API, and feeds it from a queue with the rules of an event source mapping. A function
// that works under `go test` can still fail in Lambda by what only the host does to it (an environment that holds
// nothing of the shell's, a deadline that ends in SIGKILL, an answer that is too long, a batch whose malformed answer
// sends every message back), so these are done to it here.
//
// Instances are not frozen between invocations, and a kill reaches the bootstrap only, not what it started.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// maxPayload is the most that a synchronous invocation takes, 6 MB (page "Lambda quotas").
	maxPayload = 6 << 20
	// maxAnswer is the most that it answers: Lambda's error message says 6291556 bytes.
	maxAnswer = maxPayload + 100
	// initTimeout is how long an instance may take to ask for its first event.
	initTimeout = 10 * time.Second
	// shutdownTimeout is between SIGTERM and SIGKILL, for an instance with an internal extension (page "Lambda
	// execution environment lifecycle"). One without gets no SIGTERM.
	shutdownTimeout = 500 * time.Millisecond
	// account is the account that functions belong to.
	account = "000000000000"
)

// ErrThrottled means that every instance was at work: TooManyRequestsException.
var ErrThrottled = errors.New("too many requests: every instance is at work")

// Options are a function's configuration.
type Options struct {
	// Path is the bootstrap executable. Its folder is the task root and the working directory.
	Path string
	// Name is "function" when empty.
	Name string
	// Env is what the operator sets, at most 4 KB, without the names that Lambda reserves.
	Env map[string]string
	// Memory in MB is told to the function and not enforced; 128 when 0.
	Memory int
	// Timeout of an invocation; 3 s when 0, at most 15 minutes.
	Timeout time.Duration
	// MaxInstances is the reserved concurrency; 10 when 0.
	MaxInstances int
	// Region is us-east-1 when empty.
	Region string
	// AccessKey and SecretKey are the credentials of the function's role; local and a session token when empty.
	AccessKey, SecretKey string
	// Log gets what the instances write to stdout and stderr; one write at a time.
	Log io.Writer
	// Ready, if set, is called when an instance asks for its first event.
	Ready func()
}

// Function is a function and its warm instances. Make one with New, end it with Close.
type Function struct {
	options Options
	log     *log

	mu     sync.Mutex
	all    map[*instance]struct{}
	idle   []*instance
	closed bool
}

// New checks a configuration as Lambda does. Nothing runs before the first invocation.
func New(options Options) (*Function, error) {
	if options.Name == "" {
		options.Name = "function"
	}
	if options.Region == "" {
		options.Region = "us-east-1"
	}
	if options.Memory == 0 {
		options.Memory = 128
	}
	if options.MaxInstances == 0 {
		options.MaxInstances = 10
	}
	if options.Timeout == 0 {
		options.Timeout = 3 * time.Second
	}
	if options.Timeout < 0 || options.Timeout > 15*time.Minute {
		return nil, fmt.Errorf("create function %s: the time-out is %v, and must be at most 15 minutes", options.Name, options.Timeout)
	}
	path, err := filepath.Abs(options.Path)
	if err != nil {
		return nil, fmt.Errorf("create function %s: %w", options.Name, err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("create function %s: %w", options.Name, err)
	}
	options.Path = path
	if err := validEnvironment(options.Env); err != nil {
		return nil, fmt.Errorf("create function %s: %w", options.Name, err)
	}
	if options.Log == nil {
		options.Log = io.Discard
	}
	return &Function{options: options, log: &log{to: options.Log}, all: map[*instance]struct{}{}}, nil
}

// ARN is the function's name in headers and policies.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + f.options.Region + ":" + account + ":function:" + f.options.Name
}

// Timeout is how long an invocation may take.
func (f *Function) Timeout() time.Duration { return f.options.Timeout }

// Invoke runs the function once, in a warm instance if there is one, and returns its answer when the instance asked for
// the next event, which is when Lambda's invoke phase ends. A function that fails in any way is a *FunctionError. When ctx ends, Invoke returns, and the invocation goes on, as in Lambda.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if len(payload) > maxPayload {
		return nil, fmt.Errorf("invoke %s: the request of %d bytes is longer than %d", f.options.Name, len(payload), maxPayload)
	}
	i, err := f.acquire()
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", f.options.Name, err)
	}
	call := newCall(payload)
	go i.run(call, f.options.Timeout)
	select {
	case <-call.over:
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", f.options.Name, ctx.Err())
	}
	if call.err != nil {
		return nil, fmt.Errorf("invoke %s: %w", f.options.Name, call.err)
	}
	return call.answer, nil
}

// acquire takes the instance that was used last, or starts one.
func (f *Function) acquire() (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errors.New("the function was closed")
	}
	if n := len(f.idle); n > 0 {
		i := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return i, nil
	}
	if len(f.all) >= f.options.MaxInstances {
		return nil, ErrThrottled
	}
	i, err := f.start()
	if err != nil {
		return nil, err
	}
	f.all[i] = struct{}{}
	return i, nil
}

// release makes an instance that asked for its next event available.
func (f *Function) release(i *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, alive := f.all[i]; alive {
		f.idle = append(f.idle, i)
	}
}

// drop forgets an instance that ended or is about to.
func (f *Function) drop(i *instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, i)
	f.idle = slices.DeleteFunc(f.idle, func(o *instance) bool { return o == i })
}

func (f *Function) instances() []*instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*instance
	for i := range f.all {
		all = append(all, i)
	}
	return all
}

// Running is the request ids of the invocations that are at work.
func (f *Function) Running() []string {
	var ids []string
	for _, i := range f.instances() {
		if id := i.running(); id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Processes are the process ids of the instances, for who measures them.
func (f *Function) Processes() []int {
	var ids []int
	for _, i := range f.instances() {
		ids = append(ids, i.cmd.Process.Pid)
	}
	return ids
}

// Kill ends the instance of an invocation with SIGKILL, and reports whether there was one.
func (f *Function) Kill(requestID string) bool {
	for _, i := range f.instances() {
		if i.running() == requestID {
			i.kill()
			return true
		}
	}
	return false
}

// KillAll ends every instance with SIGKILL, warm ones too, and returns when they are gone.
func (f *Function) KillAll() {
	all := f.instances()
	for _, i := range all {
		i.kill()
	}
	for _, i := range all {
		<-i.exited
	}
}

// Close ends the instances as Lambda does, those at work too, and returns when they are gone.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	var wg sync.WaitGroup
	for _, i := range f.instances() {
		wg.Go(i.shutdown)
	}
	wg.Wait()
}

// log lets instances write to one writer.
type log struct {
	mu sync.Mutex
	to io.Writer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}
