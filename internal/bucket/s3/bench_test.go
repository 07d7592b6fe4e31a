package s3_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
)

// BenchmarkPlain is the same with nothing but a signature: what the SDK costs is the difference.
func BenchmarkPlain(b *testing.B) {
	server := answeringFiles(b)
	signer, client := v4.NewSigner(), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}
	const unsigned = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // the hash of no body
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/acme/dags/a.py", nil)
			if err == nil {
				err = signer.SignHTTP(b.Context(), aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, r, unsigned, "s3", "us-east-1", time.Now())
			}
			if err != nil {
				b.Fatal(err)
			}
			answer, err := client.Do(r)
			if err == nil {
				_, err = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// answeringFiles answers everything with a file of 3.9 KiB.
func answeringFiles(b *testing.B) *httptest.Server {
	body := make([]byte, 3990)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Write(body)
	}))
	b.Cleanup(server.Close)
	return server
}

// BenchmarkOpen is what reading one DAG file of 3.9 KiB costs here, and in the handler that answers.
func BenchmarkOpen(b *testing.B) {
	server := answeringFiles(b)
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
