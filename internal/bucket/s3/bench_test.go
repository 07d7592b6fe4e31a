package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
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
func answeringFiles(b *testing.B) *httptest.Server { return answeringAll(b, make([]byte, 3990)) }

func answeringAll(b testing.TB, body []byte) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Write(body)
	}))
	b.Cleanup(server.Close)
	return server
}

// openAt opens a bucket of a server, as a function does.
func openAt(b testing.TB, server *httptest.Server) *s3.Bucket {
	b.Helper()
	b.Setenv("AWS_ACCESS_KEY_ID", "a")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	cfg, err := awssdk.Config(b.Context(), "us-east-1")
	require.NoError(b, err)
	cfg.BaseEndpoint = &server.URL
	bk, err := s3.Open(b.Context(), "s3://acme/dags/", s3.Options{Config: &cfg})
	require.NoError(b, err)
	return bk
}

// BenchmarkOpen is what reading one DAG file of 3.9 KiB costs here, and in the handler that answers.
func BenchmarkOpen(b *testing.B) {
	bk := openAt(b, answeringFiles(b))
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

// BenchmarkList is what a page of 1,000 keys costs here, and in the handler that answers.
func BenchmarkList(b *testing.B) {
	bk := openAt(b, answeringAll(b, pageOf(1000)))
	b.ReportAllocs()
	for b.Loop() {
		l, err := bk.List(b.Context())
		require.NoError(b, err)
		require.Len(b, l.Objects, 1000)
	}
}

// By way of encoding/xml it would be 55 for a key.
func TestList_allocations(t *testing.T) {
	bk := openAt(t, answeringAll(t, pageOf(1000)))
	n := testing.AllocsPerRun(5, func() {
		_, err := bk.List(t.Context())
		assert.NoError(t, err)
	})
	assert.Less(t, n, 5000.0)
}

// pageOf is a listing as S3 writes it.
func pageOf(keys int) []byte {
	var page strings.Builder
	page.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
		`<Name>acme</Name><Prefix>dags/</Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>`)
	for i := range keys {
		fmt.Fprintf(&page, "<Contents><Key>dags/team_%02d/pipeline_%04d.py</Key><LastModified>2026-03-01T12:00:00.000Z</LastModified>"+
			"<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>", i/32, i, 3990)
	}
	page.WriteString("</ListBucketResult>")
	return []byte(page.String())
}
