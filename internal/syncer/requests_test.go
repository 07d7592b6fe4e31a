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

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/bundle"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/parse"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// What a run costs in requests, against a real S3 server. Records are counted apart: they are not in a run's own record.
func TestRequests(t *testing.T) {
	store := minio.Shared(t)
	dags, states := store.Bucket(t), store.Bucket(t)
	sim := astrotest.Start(t, astrotest.Options{})
	token := secret.NewValue(sim.Token(astrotest.TokenOptions{}))
	upload := func(key, body string) {
		_, err := store.Client().PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &dags, Key: &key, Body: strings.NewReader(body)})
		require.NoError(t, err)
	}
	run := func() syncer.Record {
		config := store.Config()
		source, err := s3.Open(t.Context(), "s3://"+dags+"/dags/", s3.Options{Config: &config})
		require.NoError(t, err)
		state, err := s3.Open(t.Context(), "s3://"+states+"/", s3.Options{Config: &config})
		require.NoError(t, err)
		client, err := astro.New(astro.Options{URL: sim.URL(), Token: token})
		require.NoError(t, err)
		r, err := syncer.Syncer{TempDir: t.TempDir()}.Run(t.Context(), syncer.Target{
			Name: "prod", Deployment: deployment, Sources: []syncer.Source{{Bucket: source}}, State: state, Astro: client,
			Layout: bundle.LayoutDags, Settle: time.Millisecond, MaxWait: time.Minute, MinFiles: 1, MaxDeleted: 50,
			Runtime: syncer.Runtime{Airflow: "3.1", Python: "3.12"},
			Check: syncer.Check{Do: func(context.Context, syncer.Runtime, fs.FS) (parse.Report, error) {
				return parse.Report{}, nil
			}},
		}, syncer.Trigger{Kind: syncer.ByEvent})
		require.NoError(t, err)
		return r
	}
	const files = 20
	for i := range files {
		upload(fmt.Sprintf("dags/%02d.py", i), "x")
	}
	time.Sleep(1100 * time.Millisecond) // settled by the store's time, which is told in whole seconds
	r := run()
	require.Equal(t, syncer.Deployed, r.Outcome)
	assert.Equal(t, map[string]int{"list": 2, "get": files}, r.Requests["sources"], "two listings, one read for each object, no HEAD")
	assert.Equal(t, map[string]int{"get": 1, "put": 4}, r.Requests["state"], "lease, manifest, intent, release")
	assert.Equal(t, map[string]int{"deployment": 2, "deploys": 2, "create": 1, "upload": 1, "finalize": 1}, r.Requests["astro"])

	r = run()
	require.Equal(t, syncer.Unchanged, r.Outcome)
	assert.Equal(t, map[string]int{"list": 1}, r.Requests["sources"])
	assert.Equal(t, map[string]int{"get": 1}, r.Requests["state"], "nothing changed: no write")
	assert.Empty(t, r.Requests["astro"])
}
