package deployment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
)

// Queue is a worker queue as a change shows it.
type Queue struct {
	WorkerType        string `json:"workerType"`
	MinWorkerCount    int    `json:"minWorkerCount"`
	MaxWorkerCount    int    `json:"maxWorkerCount"`
	WorkerConcurrency int    `json:"workerConcurrency"`
}

// String is for people.
func (q Queue) String() string {
	return fmt.Sprintf("%s, %d to %d workers, %d tasks each", q.WorkerType, q.MinWorkerCount, q.MaxWorkerCount, q.WorkerConcurrency)
}

func shownQueue(q astro.WorkerQueue) Queue {
	return Queue{q.AstroMachine, q.MinWorkerCount, q.MaxWorkerCount, q.WorkerConcurrency}
}

// queues compares worker queues. A Deployment that becomes Kubernetes' loses them, whatever the file says of them [doc].
func (d *Diff) queues() error {
	switch {
	case d.update.Executor == astro.ExecutorKubernetes && len(d.file.WorkerQueues) > 0:
		return errors.New("worker_queues: the executor is KUBERNETES, which has none: leave them out, or change the executor")
	case d.update.Executor == astro.ExecutorKubernetes:
		if d.live.Executor != astro.ExecutorKubernetes {
			d.dropQueues(d.live.WorkerQueues)
		}
		d.update.WorkerQueues = nil
		return nil
	case d.file.WorkerQueues != nil:
		return d.exactQueues()
	case d.live.Executor == astro.ExecutorKubernetes && !d.remote():
		return fmt.Errorf("worker_queues: the executor %s needs them: write at least the queue default", d.update.Executor)
	default:
		return nil
	}
}

// remote is whether tasks run outside of Astro, where there are no queues to configure.
func (d *Diff) remote() bool {
	return d.update.RemoteExecution != nil && d.update.RemoteExecution.Enabled
}

func (d *Diff) exactQueues() error {
	left := slices.Clone(d.live.WorkerQueues)
	d.update.WorkerQueues = nil
	var problems []error
	for _, want := range d.file.WorkerQueues {
		at := slices.IndexFunc(left, func(q astro.WorkerQueue) bool { return q.Name == want.Name })
		if at < 0 || d.live.Executor == astro.ExecutorKubernetes { // whose answer may have one for show
			problems = append(problems, d.newQueue(want))
			continue
		}
		d.changeQueue(left[at], want)
		left = slices.Delete(left, at, at+1)
	}
	if d.live.Executor == astro.ExecutorKubernetes {
		left = nil
	}
	if len(d.file.WorkerQueues) == 0 && len(left) > 0 && !d.remote() {
		problems = append(problems, errors.New("worker_queues: there must be a queue with the name default"))
	}
	d.dropQueues(left)
	return errors.Join(problems...)
}

func (d *Diff) dropQueues(all []astro.WorkerQueue) {
	for _, q := range all {
		d.add(Change{Kind: Removed, Section: Queues, Name: q.Name, From: shownQueue(q)})
	}
}

func (d *Diff) newQueue(want config.WorkerQueue) error {
	var missing []string
	for _, field := range []struct {
		name  string
		there bool
	}{
		{"worker_type", want.WorkerType != ""}, {"max_worker_count", want.MaxWorkerCount != nil},
		{"min_worker_count", want.MinWorkerCount != nil}, {"worker_concurrency", want.WorkerConcurrency != nil},
	} {
		if !field.there {
			missing = append(missing, field.name)
		}
	}
	if missing != nil {
		return fmt.Errorf("worker_queues: %s is a new queue, and needs %s", want.Name, strings.Join(missing, ", "))
	}
	q := astro.WorkerQueue{
		Name: want.Name, IsDefault: want.Name == "default", AstroMachine: want.WorkerType,
		MaxWorkerCount: *want.MaxWorkerCount, MinWorkerCount: *want.MinWorkerCount, WorkerConcurrency: *want.WorkerConcurrency,
	}
	d.add(Change{Kind: Added, Section: Queues, Name: q.Name, To: shownQueue(q)})
	d.update.WorkerQueues = append(d.update.WorkerQueues, q)
	return nil
}

func (d *Diff) changeQueue(q astro.WorkerQueue, want config.WorkerQueue) {
	field(d, Queues, q.Name, "worker_type", text(want.WorkerType), &q.AstroMachine)
	field(d, Queues, q.Name, "min_worker_count", want.MinWorkerCount, &q.MinWorkerCount)
	field(d, Queues, q.Name, "max_worker_count", want.MaxWorkerCount, &q.MaxWorkerCount)
	field(d, Queues, q.Name, "worker_concurrency", want.WorkerConcurrency, &q.WorkerConcurrency)
	d.update.WorkerQueues = append(d.update.WorkerQueues, q)
}

// field compares a value of one of several.
func field[T comparable](d *Diff, section, name, key string, want, at *T) {
	compareOne(d, Change{Section: section, Name: name, Field: key}, want, at)
}
