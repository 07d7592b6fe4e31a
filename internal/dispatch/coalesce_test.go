package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/syncer"
)

// lanes is a coalescer whose runs take ten seconds and note when they began.
type lanes struct {
	*Coalescer
	cfg  config.Config
	mu   sync.Mutex
	runs []string
	err  error
}

func newLanes(ctx context.Context) *lanes {
	l := &lanes{Coalescer: NewCoalescer(ctx, &Dispatcher{Log: slog.New(slog.DiscardHandler)})}
	began := time.Now()
	for _, name := range []string{"prod", "dev"} {
		l.cfg.Targets = append(l.cfg.Targets, config.Target{Name: name, Sources: []config.Source{{URL: "s3://b/" + name + "/"}}})
	}
	l.run = func(ctx context.Context, t config.Target, why syncer.Trigger) error {
		l.mu.Lock()
		l.runs = append(l.runs, fmt.Sprintf("%s %s %d at %s", t.Name, why.Kind, why.Events, time.Since(began)))
		l.mu.Unlock()
		select {
		case <-time.After(10 * time.Second):
			return l.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l
}

func (l *lanes) upload(ctx context.Context, name string) Verdict {
	return l.Do(ctx, l.cfg, Message{Body: []byte(fmt.Sprintf(
		`{"Records":[{"eventSource":"aws:s3","eventTime":"2026-01-01T00:00:00Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"%s/a.py"}}}]}`, name))})
}

func TestCoalescer_oneRunAndOneAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(t.Context())
		began := time.Now()
		var wait sync.WaitGroup
		answered := map[int]time.Duration{}
		for i := range 100 {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				v := l.upload(t.Context(), "prod")
				assert.False(t, v.Back)
				l.mu.Lock()
				defer l.mu.Unlock()
				answered[i] = time.Since(began)
			})
		}
		wait.Go(func() {
			time.Sleep(time.Second)
			assert.False(t, l.upload(t.Context(), "dev").Back)
		})
		wait.Wait()
		assert.Equal(t, []string{"prod event 1 at 0s", "dev event 1 at 1s", "prod event 99 at 10s"}, l.runs)
		assert.Equal(t, 10*time.Second, answered[0])
		assert.Equal(t, 20*time.Second, answered[1], "not by the run that was under way when it came")
		l.Wait()
	})
}

func TestCoalescer_whoeverGivesUpGetsItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		v := l.upload(ctx, "prod")
		require.True(t, v.Back, "an answer before its run has ended must not acknowledge it")
		assert.Equal(t, fault.Busy, fault.Of(v.Err))
		l.Wait()
		assert.Len(t, l.runs, 1, "the run goes on")
		l.err = fault.As(fault.Busy, errors.New("another instance holds the lease"))
		assert.True(t, l.upload(t.Context(), "prod").Back)
		l.err = fault.As(fault.Rejected, errors.New("broken"))
		assert.False(t, l.upload(t.Context(), "prod").Back)
	})
}

func TestCoalescer_sweepsAndEventsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { l.upload(t.Context(), "prod") })
		time.Sleep(time.Second)
		wait.Go(func() { l.upload(t.Context(), "prod") })
		wait.Go(func() { l.Do(t.Context(), l.cfg, Message{Body: event.SweepMessage("prod")}) })
		wait.Wait()
		assert.Equal(t, []string{"prod event 1 at 0s", "prod sweep 1 at 10s"}, l.runs)
		v := l.Do(t.Context(), l.cfg, Message{Body: []byte(`{"hello": "world"}`)})
		assert.True(t, v.Back)
		assert.ErrorIs(t, v.Err, event.ErrUnknown)
	})
}
