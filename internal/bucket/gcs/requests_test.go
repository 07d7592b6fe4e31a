package gcs_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
)

// everything calls each method, and returns the errors by verb.
func everything(t *testing.T, b bucket.Bucket) map[string]error {
	t.Helper()
	ctx := t.Context()
	_, listed := b.List(ctx)
	_, opened := b.Open(ctx, listedA())
	_, got := b.Get(ctx, "a.py")
	_, created := b.Swap(ctx, "a.py", []byte("x"), "")
	_, swapped := b.Swap(ctx, "a.py", []byte("x"), "7")
	return map[string]error{
		"list": listed, "read pinned": opened, "read": got, "swap, create": created, "swap": swapped,
		"write": b.Put(ctx, "a.py", []byte("x")),
	}
}

func TestRequests_areCountedAndPaidFor(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_PROJECT", "acme-billing")
	var seen []*http.Request
	b := asking(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		w.Header().Set("X-Goog-Generation", "7")
		fmt.Fprint(w, `{"generation": "7"}`)
	}, gcs.Options{RequesterPays: true})
	everything(t, b)
	require.Len(t, seen, 6)
	for _, r := range seen {
		assert.Equal(t, "acme-billing", r.URL.Query().Get("userProject"), r.URL)
		assert.Empty(t, r.Header.Get("Authorization"), "stand-ins get no credentials")
	}
	assert.Equal(t, map[string]int{"get": 2, "list": 1, "put": 3, "head": 0}, b.Requests())
	for i, want := range []string{"", "", "", "0", "7", ""} {
		assert.Equal(t, want, seen[i].URL.Query().Get("ifGenerationMatch"), "request %d", i)
	}
	for i, want := range []string{"", "7", "", "", "", ""} {
		assert.Equal(t, want, seen[i].URL.Query().Get("generation"), "request %d", i)
	}
}

// Whatever the size, a write is one request, which its condition covers, with a checksum and a content type.
func TestWrites_areOneRequest(t *testing.T) {
	for key, size := range map[string]int{"run.json": 0, "report.html": 5, "chunk": 256 << 10, "bundle.tar.gz": 17 << 20} {
		data := bytes.Repeat([]byte("x"), size)
		var (
			seen     int
			metadata struct{ Name, Crc32c string }
			kind     string
		)
		b := answering(t, func(w http.ResponseWriter, r *http.Request) {
			seen++
			assert.Equal(t, "multipart", r.URL.Query().Get("uploadType"))
			_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			assert.NoError(t, err)
			parts := multipart.NewReader(r.Body, params["boundary"])
			part, err := parts.NextPart()
			assert.NoError(t, err)
			assert.NoError(t, json.NewDecoder(part).Decode(&metadata))
			part, err = parts.NextPart()
			assert.NoError(t, err)
			kind = part.Header.Get("Content-Type")
			got, err := io.ReadAll(part)
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(data, got))
			fmt.Fprint(w, `{"generation": "7"}`)
		})
		_, err := b.Swap(t.Context(), key, data, "")
		require.NoError(t, err)
		assert.Equal(t, 1, seen, key)
		assert.Equal(t, "dags/"+key, metadata.Name)
		sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
		assert.Equal(t, base64.StdEncoding.EncodeToString(sum), metadata.Crc32c)
		want := map[string]string{"run.json": "application/json", "report.html": "text/html; charset=utf-8", "chunk": "application/octet-stream"}
		if want[key] != "" {
			assert.Equal(t, want[key], kind)
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// Cloud Storage decompresses objects with Content-Encoding: gzip for those who do not accept it ("Transcoding of
// gzip-compressed files"), and Go does when it asked for gzip by itself. Neither agrees with the listing.
func TestOpen_compressedObjectsAreReadAsTheyAreStored(t *testing.T) {
	stored := zipped(t, "print('hello')")
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Goog-Generation", "7")
		w.Header().Set("X-Goog-Stored-Content-Encoding", "gzip")
		if r.Header.Get("Accept-Encoding") != "gzip" {
			fmt.Fprint(w, "print('hello')")
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(stored)
	})
	r, err := b.Open(t.Context(), bucket.Object{Key: "a.py", Size: int64(len(stored)), Generation: 7})
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(stored, got))
	require.NoError(t, r.Close())
	v, err := b.Get(t.Context(), "a.py")
	require.NoError(t, err)
	assert.True(t, bytes.Equal(stored, v.Data))
}
