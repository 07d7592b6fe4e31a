package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/lambda"
)

// bootstrap is the executable built by TestMain.
var bootstrap string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bootstrap")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bootstrap = filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", bootstrap, "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func function(t *testing.T, change ...func(*lambda.Options)) (*lambda.Function, *buffer) {
	t.Helper()
	var log buffer
	options := lambda.Options{Path: bootstrap, Name: "ferry", Timeout: 5 * time.Second, Log: &log}
	for _, c := range change {
		c(&options)
	}
	f, err := lambda.New(options)
	require.NoError(t, err)
	t.Cleanup(func() {
		f.Close()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return f, &log
}

func env(pairs ...string) func(*lambda.Options) {
	return func(o *lambda.Options) {
		o.Env = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			o.Env[pairs[i]] = pairs[i+1]
		}
	}
}

func timeout(d time.Duration) func(*lambda.Options) {
	return func(o *lambda.Options) { o.Timeout = d }
}

func failure(t *testing.T, err error) *lambda.FunctionError {
	t.Helper()
	var e *lambda.FunctionError
	require.ErrorAs(t, err, &e)
	return e
}

type look struct {
	PID  int
	Env  []string
	Left int
	ARN  string
	ID   string
}

func lookAt(t *testing.T, f *lambda.Function) (l look) {
	t.Helper()
	out, err := f.Invoke(t.Context(), []byte(`{"do":"look"}`))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &l))
	return l
}

func TestInvoke_answersAndStaysWarm(t *testing.T) {
	f, _ := function(t)
	out, err := f.Invoke(t.Context(), []byte(`{"do":"echo","x":"ü"}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"do":"echo","x":"ü"}`, string(out))
	first, second := lookAt(t, f), lookAt(t, f)
	assert.Equal(t, first.PID, second.PID)
	assert.NotEqual(t, first.ID, second.ID)
	assert.Equal(t, "arn:aws:lambda:us-east-1:000000000000:function:ferry", first.ARN)
	assert.InDelta(t, 5000, first.Left, 1000, "milliseconds to the deadline")
}

func TestInvoke_environmentHoldsNothingOfThisProcess(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SHELL", "x")
	f, _ := function(t, env("MINE", "1"))
	all := strings.Join(lookAt(t, f).Env, "\n")
	assert.NotContains(t, all, "SECRET_OF_THE_SHELL")
	assert.NotContains(t, all, "HOME=")
	for _, want := range []string{"MINE=1", "AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "TZ=:UTC", "_HANDLER=bootstrap"} {
		assert.Contains(t, all, want)
	}
}

func TestNew_refusesWhatLambdaRefuses(t *testing.T) {
	for name, change := range map[string]func(*lambda.Options){
		"reserved":  env("AWS_REGION", "eu-west-1"),
		"too large": env("CONFIG", strings.Repeat("x", 4096)),
		"timeout":   timeout(16 * time.Minute),
		"no file":   func(o *lambda.Options) { o.Path = "none" },
	} {
		options := lambda.Options{Path: bootstrap}
		change(&options)
		_, err := lambda.New(options)
		assert.Error(t, err, name)
	}
}

func TestInvoke_instancePerConcurrentCallUpToTheMaximum(t *testing.T) {
	f, _ := function(t, func(o *lambda.Options) { o.MaxInstances = 2 })
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := f.Invoke(context.Background(), []byte(`{"do":"sleep","ms":1500}`))
			assert.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return len(f.Running()) == 2 }, 5*time.Second, 5*time.Millisecond)
	_, err := f.Invoke(t.Context(), []byte(`{"do":"echo"}`))
	assert.ErrorIs(t, err, lambda.ErrThrottled)
	wg.Wait()
}

func TestInvoke_howFunctionsFail(t *testing.T) {
	f, _ := function(t, timeout(soon))
	for _, tc := range []struct{ order, kind, message string }{
		{`{"do":"fail"}`, "errorString", "on purpose"},
		{`{"do":"panic"}`, "string", "on purpose"},
		{`{"do":"exit"}`, "Runtime.ExitError", "exit status 3"},
		{`{"do":"huge","size":6300000}`, "Function.ResponseSizeTooLarge", "6291556"},
	} {
		_, err := f.Invoke(t.Context(), []byte(tc.order))
		e := failure(t, err)
		assert.Equal(t, tc.kind, e.Type, tc.order)
		assert.Contains(t, e.Message, tc.message, tc.order)
	}
	_, err := f.Invoke(t.Context(), bytes.Repeat([]byte("x"), 6<<20+1))
	assert.ErrorContains(t, err, "longer than")
	out, err := f.Invoke(t.Context(), []byte(`{"do":"huge","size":6000000}`))
	require.NoError(t, err, "a new instance takes over")
	assert.Len(t, out, 6_000_002)
}

func TestInvoke_timeoutIsSIGKILL(t *testing.T) {
	f, log := function(t, timeout(400*time.Millisecond))
	began := time.Now()
	_, err := f.Invoke(t.Context(), []byte(`{"do":"sleep","ms":60000}`))
	e := failure(t, err)
	assert.Equal(t, "Sandbox.Timedout", e.Type)
	assert.Contains(t, e.Message, "Task timed out after 0.40 seconds")
	assert.Less(t, time.Since(began), soon)
	assert.NotContains(t, log.String(), "SIGTERM")
}

func TestInvoke_errorKeepsTheInstanceAndExitDoesNot(t *testing.T) {
	f, _ := function(t)
	before := lookAt(t, f).PID
	_, err := f.Invoke(t.Context(), []byte(`{"do":"fail"}`))
	require.Error(t, err)
	require.Equal(t, before, lookAt(t, f).PID)
	_, err = f.Invoke(t.Context(), []byte(`{"do":"exit"}`))
	require.Error(t, err)
	assert.NotEqual(t, before, lookAt(t, f).PID)
	assert.ErrorIs(t, syscall.Kill(before, 0), syscall.ESRCH, "gone and reaped")
}

func TestInvoke_brokenFromTheStart(t *testing.T) {
	f, log := function(t, env("BROKEN", "1"))
	_, err := f.Invoke(t.Context(), []byte(`{}`))
	assert.Equal(t, "Runtime.ExitError", failure(t, err).Type)
	assert.Contains(t, log.String(), "broken from the start")
}

func TestKill_atAMoment(t *testing.T) {
	for name, kill := range map[string]func(*lambda.Function){
		"one": func(f *lambda.Function) { f.Kill(f.Running()[0]) },
		"all": func(f *lambda.Function) { f.KillAll() },
	} {
		t.Run(name, func(t *testing.T) {
			f, log := function(t)
			time.AfterFunc(0, func() {
				for len(f.Running()) == 0 {
					time.Sleep(time.Millisecond)
				}
				kill(f)
			})
			_, err := f.Invoke(t.Context(), []byte(`{"do":"sleep","ms":60000}`))
			assert.Contains(t, failure(t, err).Message, "signal: killed")
			assert.NotContains(t, log.String(), "SIGTERM")
			lookAt(t, f)
		})
	}
	f, _ := function(t)
	assert.False(t, f.Kill("none"))
}

func TestClose_sigtermOnlyForThoseWhoAskedForIt(t *testing.T) {
	for name, tc := range map[string]struct {
		env  []string
		took time.Duration
		told bool
	}{
		"an extension is told":  {nil, 0, true},
		"a stubborn one killed": {[]string{"STUBBORN", "1"}, 500 * time.Millisecond, true},
		"others get SIGKILL":    {[]string{"UNREGISTERED", "1"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, log := function(t, env(tc.env...))
			pid := lookAt(t, f).PID
			began := time.Now()
			f.Close()
			assert.GreaterOrEqual(t, time.Since(began), tc.took)
			assert.Less(t, time.Since(began), soon)
			assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
			assert.Equal(t, tc.told, strings.Contains(log.String(), "got SIGTERM"))
			_, err := f.Invoke(t.Context(), nil)
			assert.ErrorContains(t, err, "closed")
		})
	}
}

func TestInvoke_goesOnWithoutItsCaller(t *testing.T) {
	f, _ := function(t)
	lookAt(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := f.Invoke(ctx, []byte(`{"do":"sleep","ms":1500}`))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Len(t, f.Running(), 1)
	require.Eventually(t, func() bool { return len(f.Running()) == 0 }, 5*time.Second, 5*time.Millisecond)
}
