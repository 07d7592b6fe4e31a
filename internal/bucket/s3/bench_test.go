package s3_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
)

// BenchmarkOpen is what reading one DAG file of 3.9 KiB costs here, and in the handler that answers.
func BenchmarkOpen(b *testing.B) {
	body := make([]byte, 3990)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Write(body)
	}))
	defer server.Close()
	b.Setenv("AWS_ACCESS_KEY_ID", "a")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	cfg, err := awssdk.Config(b.Context(), "us-east-1")
	require.NoError(b, err)
	cfg.BaseEndpoint = &server.URL
	bk, err := s3.Open(b.Context(), "s3://acme/dags/", s3.Options{Config: &cfg})
	require.NoError(b, err)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			r, err := bk.Open(b.Context(), bucket.Object{Key: "a.py", Size: 3990, ETag: `"1"`})
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}
