package parse

import (
	"context"
	"sync"
)

// pool hands out workers, the one that came back last first: one that has started is better than one that has to.
type pool struct {
	tokens chan struct{} // one for each worker that may be taken
	done   chan struct{} // closed when no more may be taken
	once   sync.Once
	mu     sync.Mutex
	free   []*worker
	all    []*worker
}

func newPool(o Options, python int) *pool {
	p := &pool{tokens: make(chan struct{}, o.Workers), done: make(chan struct{})}
	for range o.Workers {
		p.all = append(p.all, newWorker(o, python))
		p.tokens <- struct{}{}
	}
	p.free = append(p.free, p.all...)
	return p
}

// warm starts the worker that will be taken first.
func (p *pool) warm() error { return p.free[len(p.free)-1].launch() }

func (p *pool) get(ctx context.Context) (*worker, error) {
	select {
	case <-p.done:
		return nil, errClosed
	default:
	}
	select {
	case <-p.done:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.tokens:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return w, nil
}

func (p *pool) put(w *worker) {
	p.mu.Lock()
	p.free = append(p.free, w)
	p.mu.Unlock()
	p.tokens <- struct{}{}
}

// close ends all workers, those at work too, and waits for them.
func (p *pool) close() {
	p.once.Do(func() {
		close(p.done)
		for _, w := range p.all {
			w.close()
		}
		for range p.all { // whoever uses one gives it back
			<-p.tokens
		}
		for _, w := range p.all {
			w.reap()
		}
	})
}
