package validator_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/local/fakegcs"
	"github.com/dagferry/dagferry/internal/local/minio"
	"github.com/dagferry/dagferry/internal/local/serviceaccount"
	client "github.com/dagferry/dagferry/internal/parse/validator"
	"github.com/dagferry/dagferry/internal/secret"
)

// large has files that make it larger than a transport's limit.
func large(size int) fstest.MapFS {
	data := make([]byte, size)
	_, _ = rand.Read(data)
	files := tree()
	files["data.bin"] = &fstest.MapFile{Data: data}
	files["thief.py"] = &fstest.MapFile{Data: []byte(urlThief)}
	return files
}

// urlThief is a file that looks for a signed URL in what its own process has, memory included, which is the importer's too since it was
// forked from that, and in those above it.
const urlThief = `import ctypes, os, re  # a DAG of Airflow's
libc, text = ctypes.CDLL(None), ctypes.create_string_buffer(1 << 20)
signed, known = re.compile(rb"X-(Amz|Goog)-S[i]gnature="), re.compile(rb"dagferry-b[u]ndle-")
looked, found, seen = 0, [], 0

def parent(pid):
    with open("/proc/%s/stat" % pid) as stat:
        return stat.read().rsplit(")", 1)[1].split()[1]

def look(path, size=1 << 20, at=0):
    global looked, seen
    fd = libc.open(path.encode(), 0)
    if fd < 0:
        return
    while size > 0:
        got = libc.pread(fd, text, ctypes.c_size_t(min(size, 1 << 20)), ctypes.c_long(at))
        if got <= 0:
            break
        looked, size, at = looked + got, size - got, at + got
        seen += len(known.findall(text.raw[:got]))
        if signed.search(text.raw[:got]):
            found.append(path)
    libc.close(fd)

up, pids = str(os.getpid()), [str(os.getpid())]
while up != "1" and len(pids) < 5:
    up = parent(up)
    pids.append(up)
for pid in pids + [p for p in os.listdir("/proc") if p.isdigit()]:
    for what in ("environ", "cmdline", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7"):
        if os.path.exists("/proc/%s/%s" % (pid, what)) and (what[:2] != "fd" or os.path.isfile("/proc/%s/%s" % (pid, what))):
            look("/proc/%s/%s" % (pid, what))
for pid in pids:
    try:
        with open("/proc/%s/maps" % pid) as maps:
            ranges = [line.split()[:2] for line in maps]
    except OSError:
        continue
    for span, mode in ranges:
        begin, end = (int(x, 16) for x in span.split("-"))
        if mode[:2] == "rw":
            look("/proc/%s/mem" % pid, end - begin, begin)
raise ValueError("of %d MB and %s: %r" % (looked >> 20, "known text" if seen else "nothing known", found))
`

// judgedByURL checks what has to be found in large.
func judgedByURL(t *testing.T, a client.Answer) {
	t.Helper()
	assert.Equal(t, "3.3.2", a.Airflow)
	require.Len(t, a.Files, 2)
	assert.Empty(t, a.Files[0].Findings)
	require.Len(t, a.Files[0].DAGs, 1)
	require.Len(t, a.Files[1].Findings, 1)
	assert.Regexp(t, `^ValueError: of \d{2,} MB and known text: \[\]$`, a.Files[1].Findings[0].Message)
}

// s3Depot is in a bucket of MinIO.
func s3Depot(t *testing.T) (*s3.Bucket, client.Depot) {
	server := minio.Shared(t)
	cfg := server.Config()
	b, err := s3.Open(t.Context(), "s3://"+server.Bucket(t)+"/state/", s3.Options{Config: &cfg})
	require.NoError(t, err)
	return b, client.Depot{Prefix: "clx/validator/", Open: func(context.Context) (client.Store, error) { return b, nil }}
}

// small is a transport that takes less.
type small struct{ client.Transport }

func (small) Limit() int { return 1000 }

func TestServe_fetchesALargeBundle(t *testing.T) {
	// A proxy that nobody is asked.
	at := serve(t, "HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1")
	to := client.HTTP{URL: at}
	t.Run("from S3", func(t *testing.T) {
		b, depot := s3Depot(t)
		a, err := client.Import(t.Context(), small{to}, large(2000), files(), client.Options{Depot: depot})
		require.NoError(t, err)
		judgedByURL(t, a)
		left, err := b.List(t.Context())
		require.NoError(t, err)
		assert.Empty(t, left.Objects)
	})
	t.Run("from S3, at the limit that there is", func(t *testing.T) {
		_, depot := s3Depot(t)
		a, err := client.Import(t.Context(), to, large(25<<20), files(), client.Options{Depot: depot})
		require.NoError(t, err)
		judgedByURL(t, a)
	})
	t.Run("from Cloud Storage", func(t *testing.T) { // whose stand-in looks at no signature
		serviceaccount.Use(t, "acme", serviceaccount.Grant("token"))
		server := fakegcs.Shared(t)
		b, err := gcs.Open(t.Context(), "gs://"+server.Bucket(t)+"/state/", gcs.Options{Endpoint: server.Endpoint})
		require.NoError(t, err)
		depot := client.Depot{Prefix: "clx/validator/", Open: func(context.Context) (client.Store, error) { return b, nil }}
		a, err := client.Import(t.Context(), small{to}, large(2000), files(), client.Options{Depot: depot})
		require.NoError(t, err)
		judgedByURL(t, a)
	})
}

// ended is a store whose URLs have ended when somebody reads by them.
type ended struct{ *s3.Bucket }

func (e ended) Presign(ctx context.Context, key string, _ time.Duration) (secret.Value, error) {
	signed, err := e.Bucket.Presign(ctx, key, time.Second)
	for err == nil && status(signed.Reveal()) == http.StatusOK {
		time.Sleep(50 * time.Millisecond)
	}
	return signed, err
}

func status(url string) int {
	answer, err := http.Get(url)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// gone is a store that loses objects.
type gone struct{ *s3.Bucket }

func (g gone) Presign(ctx context.Context, key string, lifetime time.Duration) (secret.Value, error) {
	if err := g.Remove(ctx, key); err != nil {
		return secret.Value{}, err
	}
	return g.Bucket.Presign(ctx, key, lifetime)
}

// store answers as a store does that something is wrong with.
func store(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/bundle?X-Amz-Signature=secret", http.StatusTemporaryRedirect)
	case "/expired":
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<Error><Code>AccessDenied</Code><Message>Request has expired: %s</Message></Error>", r.URL)
	case "/gone":
		http.NotFound(w, r)
	case "/cut":
		w.Header().Set("Content-Length", "6")
		_, _ = w.Write([]byte("bun"))
	case "/nonsense":
		c, _, _ := w.(http.Hijacker).Hijack()
		_, _ = c.Write([]byte("no HTTP\r\n\r\n"))
		_ = c.Close()
	default:
		_, _ = w.Write([]byte("bundle"))
	}
}

func TestServe_fetchThatFailsSaysWhyWithoutTheURL(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(store)) // for example.com and 127.0.0.1
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(store))
	t.Cleanup(plain.Close)
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	at := serve(t, "SSL_CERT_FILE="+trusted)
	tls := strings.TrimPrefix(secure.URL, "https://127.0.0.1")

	sum := sha256.Sum256([]byte("bundle"))
	digest := hex.EncodeToString(sum[:])
	for name, c := range map[string]struct {
		url, address, digest string
		size                 int
		want                 string
	}{
		"fetched, and no archive":       {plain.URL + "/", "", digest, 6, "^the bundle cannot be unpacked: not a gzip file$"},
		"by TLS":                        {secure.URL + "/", "", digest, 6, "^the bundle cannot be unpacked: not a gzip file$"},
		"a name that nobody knows here": {"https://example.com" + tls + "/", "127.0.0.1", digest, 6, "^the bundle cannot be unpacked: not a gzip file$"},
		"another host's certificate":    {"https://other.test" + tls + "/", "127.0.0.1", digest, 6, "its certificate is not trusted .*other.test"},
		"expired":                       {plain.URL + "/expired", "", digest, 6, "it answered 403 AccessDenied .*expired"},
		"gone":                          {plain.URL + "/gone", "", digest, 6, "it answered 404 Not Found .*gone"},
		"moved":                         {plain.URL + "/moved", "", digest, 6, "it answered 307, and redirects are not followed"},
		"another digest":                {plain.URL + "/", "", strings.Repeat("0", 64), 6, "another SHA-256"},
		"larger":                        {plain.URL + "/", "", digest, 5, "larger than the 5 bytes"},
		"shorter":                       {plain.URL + "/", "", digest, 7, "ended after 6 of 7 bytes"},
		"cut":                           {plain.URL + "/cut", "", digest, 6, "127.0.0.1: "},
		"no HTTP":                       {plain.URL + "/nonsense", "", digest, 6, "the answer makes no sense"},
		"nobody there":                  {"http://127.0.0.1:1/", "", digest, 6, "no connection: Connection refused; the validator's network"},
		"larger than any":               {plain.URL + "/", "", digest, 257 << 20, "the request makes no sense: ValueError bundleAt.size"},
		"nothing":                       {plain.URL + "/", "", digest, 0, "the request makes no sense: ValueError bundleAt.size"},
		"no digest":                     {plain.URL + "/", "", "x", 6, "the request makes no sense: ValueError bundleAt.sha256"},
		"not encrypted":                 {"http://example.com/", "127.0.0.1", digest, 6, "the request makes no sense: ValueError bundleAt.url is not https"},
		"not a loopback name":           {"http://localhost.example.com/", "127.0.0.1", digest, 6, "the request makes no sense: ValueError bundleAt.url is not https"},
		"a file":                        {"file:///etc/passwd", "", digest, 6, "the request makes no sense: ValueError bundleAt.url"},
		"an address that is none":       {"https://example.com/", "example.com", digest, 6, "the request makes no sense: ValueError"},
		"a line's end":                  {plain.URL + "/\x01", "", digest, 6, "the request makes no sense: ValueError bundleAt.url"},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := json.Marshal(map[string]any{"version": 1, "files": []string{}, "bundleAt": map[string]any{
				"url": c.url + "?X-Amz-Signature=the-secret", "sha256": c.digest, "size": c.size, "address": c.address,
			}})
			require.NoError(t, err)
			status, said := post(t, at, strings.NewReader(string(request)))
			assert.Equal(t, http.StatusBadRequest, status)
			var answer struct{ Error string }
			require.NoError(t, json.Unmarshal([]byte(said), &answer))
			assert.Regexp(t, c.want, answer.Error)
			assert.NotContains(t, said, "secret")
		})
	}
}

// S3's own URLs: one that has ended, and one whose object is gone.
func TestServe_urlsOfS3ThatLeadNowhere(t *testing.T) {
	to := small{client.HTTP{URL: serve(t)}}
	b, _ := s3Depot(t)
	for name, c := range map[string]struct {
		store client.Store
		want  string
	}{
		"it has ended": {ended{b}, "it answered 403 AccessDenied"},
		"it is gone":   {gone{b}, "it answered 404 NoSuchKey"},
	} {
		t.Run(name, func(t *testing.T) {
			depot := client.Depot{Open: func(context.Context) (client.Store, error) { return c.store, nil }}
			_, err := client.Import(t.Context(), to, large(2000), files(), client.Options{Depot: depot})
			unavailable := (*client.UnavailableError)(nil)
			require.ErrorAs(t, err, &unavailable)
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "X-Amz-")
		})
	}
}
