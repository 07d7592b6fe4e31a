package syncer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/parse"
)

// maxCache bounds what is kept of a bundle, in bytes: twice what 20,000 DAG files take (20 MB and an index of 4 MB), and
// below what an adapter reads at once. A larger bundle is gathered as a whole each time.
const maxCache = 48 << 20

// Memory keeps the last bundles of a process's targets, at most 48 MiB of them: a warm function instance then reads
// neither them nor what did not change. The zero value is ready.
type Memory struct {
	mu     sync.Mutex
	caches map[string]*bundle.Cache
}

func (m *Memory) get(url string) *bundle.Cache {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.caches[url]
}

// put keeps a bundle; where that is too much, it takes the place of all others. nil forgets one.
func (m *Memory) put(url string, c *bundle.Cache) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.caches, url)
	if c == nil {
		return
	}
	size := c.Size()
	for _, other := range m.caches {
		size += other.Size()
	}
	if m.caches == nil || size > maxCache {
		m.caches = map[string]*bundle.Cache{}
	}
	m.caches[url] = c
}

// keepTime is for writing maxCache over 13 Mbit/s; what is slower does without.
const keepTime = 30 * time.Second

// recall finds the last bundle, in memory or beside the state. There may be none: a cache that is missing, damaged or
// cannot be read costs time, and never a run.
func (r *run) recall(ctx context.Context) {
	if r.recalled || r.state().Deployed == nil {
		return
	}
	r.recalled = true
	if r.cache = r.Memory.get(r.store.URL()); r.cache != nil {
		return
	}
	defer r.step("read the last bundle")()
	data, err := r.store.Cache(ctx)
	if err == nil && len(data) > 0 { // an empty one was forgotten
		r.cache, err = bundle.DecodeCache(data)
	}
	if err != nil && !errors.Is(err, bucket.ErrNotExist) {
		r.log.Warn("the last bundle is not used: everything is read", "error", err)
	}
}

// keepBundle keeps the bundle that was deployed. What is live does not depend on it.
func (r *run) keepBundle(ctx context.Context) {
	b := r.bundled
	if r.record.Deploy == nil || b == nil || b.archive == nil || b.archive.Size > maxCache {
		return
	}
	defer r.step("keep the bundle")()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	data, err := r.encodeBundle(ctx)
	if err == nil {
		err = r.store.SaveCache(ctx, data)
	}
	if err == nil {
		r.cache, err = bundle.DecodeCache(data)
		r.Memory.put(r.store.URL(), r.cache)
	}
	if err != nil {
		r.log.Warn("the bundle was not kept: the next run reads what is not in an older one", "error", err)
	}
}

func (r *run) encodeBundle(ctx context.Context) ([]byte, error) {
	b := r.bundled
	var verdicts []byte
	if tree, summed := b.spool.Tree().(parse.Summed); summed && r.Check.Verdicts != nil {
		var err error
		if verdicts, err = r.Check.Verdicts.Keep(ctx, r.runtime(), tree); err != nil {
			return nil, err
		}
	}
	return b.spool.Cache(b.archive, r.Layout, verdicts)
}

// dropCache forgets a cache that does not hold what it says, so that the next run begins without it.
func (r *run) dropCache(ctx context.Context) {
	r.Memory.put(r.store.URL(), nil)
	if err := r.store.SaveCache(ctx, nil); err != nil {
		r.log.Warn("the damaged bundle was not removed", "error", err)
	}
}
