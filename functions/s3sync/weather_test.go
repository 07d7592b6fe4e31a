package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/local/toxiproxy"
)

// weather is what goes wrong around the functions: connections to S3 and to Astro are slow, thin, silent or cut, in
// the middle of a body too, and functions die.
type weather struct {
	*stage
	random  *rand.Rand // the storm's
	reaper  *rand.Rand
	server  *toxiproxy.Server
	proxies []*toxiproxy.Proxy
	toxics  atomic.Int64
	kills   atomic.Int64
}

// newWeather puts itself between the function and its services. It begins fine.
func newWeather(s *stage, seed uint64) *weather {
	s.Helper()
	w := &weather{stage: s, random: rand.New(rand.NewPCG(seed, 2)), reaper: rand.New(rand.NewPCG(seed, 3)), server: toxiproxy.Start(s)}
	for name, variable := range map[string]string{"s3": "AWS_ENDPOINT_URL_S3", "astro": "ASTRO_API_URL"} {
		p := w.server.Proxy(s, name, s.endpoints[variable])
		s.endpoints[variable] = p.URL
		w.proxies = append(w.proxies, p)
	}
	return w
}

// toxic is one that strikes a half of the connections, or all.
func (w *weather) toxic() toxiproxy.Toxic {
	x := toxiproxy.Toxic{
		Stream:   []string{"upstream", "downstream"}[w.random.IntN(2)],
		Toxicity: []float64{0.5, 1}[w.random.IntN(2)],
	}
	switch w.random.IntN(5) {
	case 0:
		x.Type, x.Attributes = "latency", map[string]int{"latency": w.random.IntN(800), "jitter": 200}
	case 1:
		x.Type, x.Attributes = "bandwidth", map[string]int{"rate": 5 + w.random.IntN(100)}
	case 2:
		x.Type, x.Attributes = "reset_peer", map[string]int{"timeout": w.random.IntN(500)}
	case 3:
		x.Type, x.Attributes = "limit_data", map[string]int{"bytes": 200 + w.random.IntN(40_000)}
	default:
		x.Type, x.Attributes = "timeout", map[string]int{"timeout": 500 + w.random.IntN(1500)}
	}
	return x
}

// storm disturbs the connections until ctx ends, and leaves them sound.
func (w *weather) storm(ctx context.Context) {
	for ctx.Err() == nil {
		p := w.proxies[w.random.IntN(len(w.proxies))]
		if assert.NoError(w, p.Add(context.WithoutCancel(ctx), w.toxic())) {
			w.toxics.Add(1)
		}
		wait(ctx, 500+w.random.IntN(2500))
		assert.NoError(w, w.server.Heal(context.WithoutCancel(ctx)))
		wait(ctx, w.random.IntN(2000))
	}
}

// reap kills functions at random times until ctx ends.
func (w *weather) reap(ctx context.Context) {
	for ctx.Err() == nil {
		wait(ctx, w.reaper.IntN(4000))
		if at := w.function.Running(); len(at) > 0 && w.function.Kill(at[w.reaper.IntN(len(at))]) {
			w.kills.Add(1)
		}
	}
}

func wait(ctx context.Context, milliseconds int) {
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
