package parse

import (
	"context"
	"io/fs"
	"time"
)

// A batch is small files that a worker is asked about together. Where both processes share a core,
// taking turns for each file has each find the caches cold (docs/checking.md).
const (
	batchFiles = 16
	batchBytes = 64 << 10
)

// batchSize leaves each worker several batches, so that none waits long for another one's last.
func (c *Checker) batchSize(files int) int {
	return min(max(files/(4*c.o.Workers), 1), batchFiles)
}

// ahead asks about those of the files together that nothing is known of, and remembers the answers. Whatever goes wrong is left
// to those who ask about each file alone, and then know which one is to blame. From then on all are asked about alone, so that
// this loses no more than one file's time for each worker.
func (c *Checker) ahead(ctx context.Context, b *budget, tree fs.FS, files []file) {
	batch := c.unknown(tree, files)
	if len(batch) < 2 || b.over() || b.alone.Load() {
		return
	}
	w, err := c.workers.get(ctx)
	if err != nil {
		return
	}
	defer c.workers.put(w)
	began := time.Now()
	answers, err := w.ask(ctx, batch...)
	if err != nil {
		b.alone.Store(true)
		return
	}
	b.spend(time.Since(began))
	for i, data := range batch {
		if _, err := c.learn(hash(data), data, answers[i]); err != nil {
			return
		}
	}
}

// unknown are the contents of those files that nothing is known of, as far as they fit into a batch.
func (c *Checker) unknown(tree fs.FS, files []file) (batch [][]byte) {
	left := int64(batchBytes)
	for _, f := range files {
		if _, known := c.remembered(tree, f); known || !f.python {
			continue
		}
		if info, err := fs.Stat(tree, f.path); err != nil || info.Size() > min(left, c.o.MaxFileSize) {
			continue
		}
		if data, err := fs.ReadFile(tree, f.path); err == nil {
			left -= int64(len(data))
			batch = append(batch, data)
		}
	}
	return batch
}
