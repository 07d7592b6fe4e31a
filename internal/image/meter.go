package image

import (
	"io"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// meter tells how much of an image has arrived.
type meter struct {
	mu          sync.Mutex
	tell        func(done, total int64)
	done, total int64
}

func newMeter(layers []v1.Layer, tell func(done, total int64)) (*meter, error) {
	m := &meter{tell: tell}
	for _, l := range layers {
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		m.total += size
	}
	return m, nil
}

func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	if m.tell != nil && n != 0 {
		m.tell(m.done, m.total)
	}
}

func (m *meter) layer(l v1.Layer) *meteredLayer { return &meteredLayer{Layer: l, meter: m} }

// meteredLayer is a layer that counts what is read of it. One try reads it at a time.
type meteredLayer struct {
	v1.Layer
	meter *meter

	mu   sync.Mutex
	read int64
}

// set is how much of the layer is read now: what a try that failed had read is none of it.
func (l *meteredLayer) set(read func(int64) int64) {
	l.mu.Lock()
	before := l.read
	l.read = read(before)
	n := l.read - before
	l.mu.Unlock()
	l.meter.add(n)
}

// arrived counts the layer whole: the registry may have had it.
func (l *meteredLayer) arrived() {
	if size, err := l.Size(); err == nil {
		l.set(func(int64) int64 { return size })
	}
}

// Compressed begins to read the layer.
func (l *meteredLayer) Compressed() (io.ReadCloser, error) {
	r, err := l.Layer.Compressed()
	if err != nil {
		return nil, err
	}
	l.set(func(int64) int64 { return 0 })
	return &meteredReader{r, l}, nil
}

type meteredReader struct {
	io.ReadCloser
	layer *meteredLayer
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.layer.set(func(read int64) int64 { return read + int64(n) })
	return n, err
}
