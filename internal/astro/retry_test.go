package astro_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

func TestRetry_whatChangesNothingIsRepeated(t *testing.T) {
	for _, f := range []astrotest.Fault{{Status: 500}, {Status: 503}, {Status: 429}, {Status: 408}, {Drop: true}, {Drop: true, When: "after"}} {
		synctest.Test(t, func(t *testing.T) {
			s, c := pipe(t)
			d := create(t, c)
			f.Count = 4
			began := time.Now()
			for _, op := range []string{"deployment", "deploys", "deploy", "describe"} {
				f.Op = op
				s.Fault(f)
			}
			_, err := c.Deployment(t.Context(), deployment)
			require.NoError(t, err)
			_, err = c.Deploys(t.Context(), deployment, 1)
			require.NoError(t, err)
			_, err = c.Deploy(t.Context(), deployment, d.ID)
			require.NoError(t, err)
			d, err = c.Describe(t.Context(), deployment, d.ID, "new")
			require.NoError(t, err)
			assert.Equal(t, "new", d.Description)
			if f.Drop { // net/http sends a GET again by itself, on a new connection
				return
			}
			assert.Equal(t, map[string]int{"create": 1, "deployment": 5, "deploys": 5, "deploy": 5, "describe": 5}, c.Requests())
			assert.Equal(t, 4*7500*time.Millisecond, time.Since(began), "0.5 + 1 + 2 + 4 s each")
		})
	}
}

func TestRetry_createAndFinalizeAreNotRepeatedWhenTheyMayHaveBeenApplied(t *testing.T) {
	for _, f := range []astrotest.Fault{
		{Status: 500}, {Status: 503, When: "after"}, {Status: 408}, {Drop: true}, {Drop: true, When: "after"},
		{Status: 200, Body: `{"id":"cl`, When: "after"}, {Status: 502, Body: "<html>", When: "after"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, c := pipe(t)
			first := deployed(t, c, map[string]string{"dags/a.py": "a"})
			for _, op := range []string{"create", "finalize", "rollback"} {
				f.Op = op
				s.Fault(f)
			}
			_, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
			assertUnknown(t, err)
			_, err = c.Finalize(t.Context(), deployment, first.ID, first.DagTarballVersion)
			assertUnknown(t, err)
			_, err = c.Rollback(t.Context(), deployment, first.ID, "")
			assertUnknown(t, err)
			requests := c.Requests()
			assert.Equal(t, []int{2, 2, 1}, []int{requests["create"], requests["finalize"], requests["rollback"]})
		})
	}
}

func assertUnknown(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, fault.Transient, fault.Of(err))
	assert.False(t, astro.Refused(err))
	assert.False(t, astro.NotApplied(err))
}

func TestRetry_rateLimitIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		for range 25 { // 10 POSTs a second
			create(t, c)
		}
		assert.Len(t, s.Deploys(deployment), 25)
		assert.Equal(t, 27, c.Requests()["create"])
	})
}

func TestRetry_afterIsHonoured(t *testing.T) {
	for name, header := range map[string]func() string{
		"in seconds": func() string { return "30" },
		"as a date":  func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := pipe(t)
				began := time.Now()
				for _, status := range []int{429, 503} {
					s.Fault(astrotest.Fault{Op: "deployment", Status: status, Header: map[string]string{"Retry-After": header()}})
				}
				_, err := c.Deployment(t.Context(), deployment)
				require.NoError(t, err)
				assert.GreaterOrEqual(t, time.Since(began), 30*time.Second)
			})
		})
	}
}

func TestRetry_afterTooLongIsGivenBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for _, seconds := range []string{"30", "3600", "99999999999999"} {
			s.Fault(astrotest.Fault{Status: 429, Header: map[string]string{"Retry-After": seconds}})
			began := time.Now()
			_, err := c.Create(ctx, deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
			var e *astro.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, fault.Transient, fault.Of(err))
			assert.True(t, astro.NotApplied(err))
			assert.False(t, astro.Refused(err))
			assert.GreaterOrEqual(t, e.RetryAfter, 30*time.Second)
			assert.Zero(t, time.Since(began))
		}
		s.Fault(astrotest.Fault{Status: 429, Header: map[string]string{"Retry-After": "3600"}})
		began := time.Now()
		_, err := c.Deployment(t.Context(), deployment)
		require.Error(t, err, "an hour is for the queue, even where nothing limits the call")
		assert.Zero(t, time.Since(began))
	})
}

func TestRetry_endsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		s.Fault(astrotest.Fault{Status: 503, Count: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Deployment(ctx, deployment)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "no other answer than 503")
		assert.Equal(t, 2*time.Second, time.Since(began))
		assert.Equal(t, 3, c.Requests()["deployment"])
	})
}

func TestRetry_oneRequestThatHangsIsNotTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		s.Fault(astrotest.Fault{Op: "deployment", Delay: astrotest.Duration(time.Hour)})
		began := time.Now()
		_, err := c.Deployment(t.Context(), deployment)
		require.NoError(t, err)
		assert.Equal(t, 30500*time.Millisecond, time.Since(began))
	})
}

func TestFinalize_endsWithItsTimeoutAndMayLandLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := pipe(t)
		d := create(t, c)
		version := upload(t, c, d, map[string]string{"dags/a.py": "a"})
		s.Fault(astrotest.Fault{Op: "finalize", Delay: astrotest.Duration(time.Hour)})
		began := time.Now()
		_, err := c.Finalize(t.Context(), deployment, d.ID, version)
		assertUnknown(t, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 600*time.Second, time.Since(began))
		assert.Empty(t, s.Live(deployment))

		time.Sleep(time.Hour)
		assert.Len(t, s.Live(deployment), 1, "what was given up lands all the same")
	})
}

func TestFinalize_takesLongerThanOtherRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, transport := astrotest.Pipe(t, astrotest.Options{FinalizeTakes: 543 * time.Second})
		c := client(t, astro.Options{URL: s.URL(), Transport: transport})
		deployed(t, c, map[string]string{"dags/a.py": "a"})
	})
}

// dialer refuses some connections before one is made.
type dialer struct {
	refuse int
	to     http.RoundTripper
}

func (d *dialer) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.refuse--; d.refuse >= 0 {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	return d.to.RoundTrip(r)
}

func TestRetry_whatWasNeverSentIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, transport := astrotest.Pipe(t, astrotest.Options{})
		d := &dialer{refuse: 4, to: transport}
		c := client(t, astro.Options{URL: s.URL(), Transport: d})
		create(t, c)
		assert.Len(t, s.Deploys(deployment), 1)

		d.refuse = 5
		_, err := c.Create(t.Context(), deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
		require.ErrorContains(t, err, "connection refused")
		assert.Equal(t, fault.Transient, fault.Of(err))
		assert.True(t, astro.NotApplied(err))
		assert.False(t, astro.Refused(err))
	})
}

func TestRetry_realRefusedConnectionIsKnownNotToBeSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	c, err := astro.New(astro.Options{URL: "http://" + l.Addr().String(), Token: secret.NewValue(astrotest.Token(astrotest.TokenOptions{}))})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	_, err = c.Create(ctx, deployment, astro.CreateDeploy{Type: astro.TypeDagOnly})
	require.Error(t, err)
	assert.True(t, astro.NotApplied(err))
}
