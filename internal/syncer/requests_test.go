package syncer_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"context"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// requests is a bucket of DAGs on a real S3 server, and what runs on it cost.
type requests struct {
	*testing.T
	store        *minio.Server
	dags, states string
	sim          *astrotest.Server
}

func newRequests(t *testing.T) *requests {
	store := minio.Shared(t)
	return &requests{T: t, store: store, dags: store.Bucket(t), states: store.Bucket(t), sim: astrotest.Start(t, astrotest.Options{})}
}

func (q *requests) upload(key, body string) {
	_, err := q.store.Client().PutObject(q.Context(), &awss3.PutObjectInput{Bucket: &q.dags, Key: &key, Body: strings.NewReader(body)})
	require.NoError(q, err)
}

// settled waits until nothing is new by the store's time, which is told in whole seconds.
func (q *requests) settled() { time.Sleep(1100 * time.Millisecond) }

// run makes a run, with clients that begin to count anew. Records and the kept bundle are not in its record: they are
// written when it is complete.
func (q *requests) run(memory *syncer.Memory) syncer.Record {
	q.Helper()
	config := q.store.Config()
	source, err := s3.Open(q.Context(), "s3://"+q.dags+"/dags/", s3.Options{Config: &config})
	require.NoError(q, err)
	state, err := s3.Open(q.Context(), "s3://"+q.states+"/", s3.Options{Config: &config})
	require.NoError(q, err)
	client, err := astro.New(astro.Options{URL: q.sim.URL(), Token: secret.NewValue(q.sim.Token(astrotest.TokenOptions{}))})
	require.NoError(q, err)
	r, err := syncer.Syncer{TempDir: q.TempDir(), Memory: memory}.Run(q.Context(), syncer.Target{
		Name: "prod", Deployment: deployment, Sources: []syncer.Source{{Bucket: source}}, State: state, Astro: client,
		Layout: bundle.LayoutDags, Settle: time.Millisecond, MaxWait: time.Minute, MinFiles: 1, MaxDeleted: 50,
		Runtime: syncer.Runtime{Airflow: "3.1", Python: "3.12"},
		Check: syncer.Check{Do: func(context.Context, syncer.Runtime, fs.FS) (parse.Report, error) {
			return parse.Report{}, nil
		}},
	}, syncer.Trigger{Kind: syncer.ByEvent})
	require.NoError(q, err)
	return r
}

// What a run costs in requests.
func TestRequests(t *testing.T) {
	q := newRequests(t)
	const files = 20
	for i := range files {
		q.upload(fmt.Sprintf("dags/%02d.py", i), "x")
	}
	q.settled()
	r := q.run(nil)
	require.Equal(t, syncer.Deployed, r.Outcome)
	assert.Equal(t, map[string]int{"list": 2, "get": files}, r.Requests["sources"], "two listings, one read for each object, no HEAD")
	assert.Equal(t, map[string]int{"get": 1, "put": 4}, r.Requests["state"], "lease, manifest, intent, release")
	assert.Equal(t, map[string]int{"deployment": 2, "deploys": 2, "create": 1, "upload": 1, "finalize": 1}, r.Requests["astro"])

	r = q.run(nil)
	require.Equal(t, syncer.Unchanged, r.Outcome)
	assert.Equal(t, map[string]int{"list": 1}, r.Requests["sources"])
	assert.Equal(t, map[string]int{"get": 1}, r.Requests["state"], "nothing changed: no write")
	assert.Empty(t, r.Requests["astro"])

	var memory syncer.Memory
	for k := range 3 { // changed files
		for i := range k {
			q.upload(fmt.Sprintf("dags/%02d.py", i), fmt.Sprint("y", k))
		}
		q.upload(fmt.Sprintf("dags/new-%d.py", k), "new")
		q.settled()
		r = q.run(nil)
		require.Equal(t, syncer.Deployed, r.Outcome)
		assert.Equal(t, map[string]int{"list": 2, "get": k + 1}, r.Requests["sources"], "what changed is read")
		assert.Equal(t, map[string]int{"get": 2, "put": 4}, r.Requests["state"], "the last bundle is read, and tells what its manifest does")
	}
	for k := range 2 { // the first run in this process reads the last bundle, the second has it
		q.upload("dags/00.py", fmt.Sprint("z", k))
		q.settled()
		r = q.run(&memory)
		require.Equal(t, syncer.Deployed, r.Outcome)
		assert.Equal(t, map[string]int{"list": 2, "get": 1}, r.Requests["sources"])
		assert.Equal(t, map[string]int{"get": 2 - k, "put": 4}, r.Requests["state"])
	}
}

// A large source is listed in parts that run side by side, from the second listing on.
func TestRequests_largeListings(t *testing.T) {
	q := newRequests(t)
	var group errgroup.Group
	group.SetLimit(32)
	const files = 1900
	for i := range files {
		group.Go(func() error { q.upload(fmt.Sprintf("dags/%04d.py", i), "x"); return nil })
	}
	require.NoError(t, group.Wait())
	q.settled()
	r := q.run(nil)
	require.Equal(t, syncer.Deployed, r.Outcome)
	assert.Equal(t, map[string]int{"list": 2 + 3, "get": files}, r.Requests["sources"], "two pages, then three parts")
	r = q.run(nil)
	require.Equal(t, syncer.Unchanged, r.Outcome)
	assert.Equal(t, map[string]int{"list": 3}, r.Requests["sources"])
	assert.Equal(t, map[string]int{"get": 1}, r.Requests["state"])
}
