package s3server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/s3server"
)

const bucket = "acme"

func start(t *testing.T, options s3server.Options) (*s3server.Server, *s3.Client) {
	t.Helper()
	options.Buckets = append(options.Buckets, bucket)
	server, err := s3server.New(options)
	require.NoError(t, err)
	require.NoError(t, server.Start(""))
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return server, s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL()), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("any", "thing", ""),
		Retryer:     aws.NopRetryer{},
	})
}

func put(t *testing.T, c *s3.Client, key, data string, change ...func(*s3.PutObjectInput)) (string, error) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(data)}
	for _, f := range change {
		f(in)
	}
	out, err := c.PutObject(t.Context(), in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

func mustPut(t *testing.T, c *s3.Client, key, data string) string {
	t.Helper()
	etag, err := put(t, c, key, data)
	require.NoError(t, err)
	return etag
}

func get(t *testing.T, c *s3.Client, key, match string) (string, error) {
	t.Helper()
	in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}
	if match != "" {
		in.IfMatch = aws.String(match)
	}
	out, err := c.GetObject(t.Context(), in)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	data, err := io.ReadAll(out.Body)
	return string(data), err
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestGet_isPinnedToAnETag(t *testing.T) {
	_, c := start(t, s3server.Options{})
	old := mustPut(t, c, "dags/a.py", "one")
	now := mustPut(t, c, "dags/a.py", "two")

	data, err := get(t, c, "dags/a.py", now)
	require.NoError(t, err)
	assert.Equal(t, "two", data)
	_, err = get(t, c, "dags/a.py", old)
	assert.Equal(t, "PreconditionFailed", code(err))
	_, err = get(t, c, "dags/none.py", old)
	assert.Equal(t, "NoSuchKey", code(err))
}

func TestGet_archivedObjectIsRefusedByItsTier(t *testing.T) {
	_, c := start(t, s3server.Options{})
	_, err := put(t, c, "cold.py", "x", func(in *s3.PutObjectInput) { in.StorageClass = "GLACIER" })
	require.NoError(t, err)
	_, err = get(t, c, "cold.py", "")
	assert.Equal(t, "InvalidObjectState", code(err))
}

func TestPut_preconditions(t *testing.T) {
	_, c := start(t, s3server.Options{})
	match := func(etag string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.IfMatch = aws.String(etag) }
	}
	fresh := func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }

	_, err := put(t, c, "state", "0", match(`"abc"`))
	assert.Equal(t, "NoSuchKey", code(err), "If-Match where there is nothing")
	first, err := put(t, c, "state", "1", fresh)
	require.NoError(t, err)
	_, err = put(t, c, "state", "2", fresh)
	assert.Equal(t, "PreconditionFailed", code(err))
	_, err = put(t, c, "state", "2", match(first))
	require.NoError(t, err)
	_, err = put(t, c, "state", "3", match(first))
	assert.Equal(t, "PreconditionFailed", code(err))

	data, err := get(t, c, "state", "")
	require.NoError(t, err)
	assert.Equal(t, "2", data)
}

func TestPut_ofManyConditionalOnesOneWins(t *testing.T) {
	_, c := start(t, s3server.Options{})
	etag := mustPut(t, c, "state", "0")
	var wins, losses sync.Map
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			_, err := put(t, c, "state", strings.Repeat("x", i+1), func(in *s3.PutObjectInput) { in.IfMatch = aws.String(etag) })
			if err == nil {
				wins.Store(i, true)
			} else {
				losses.Store(code(err), true)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 1, size(&wins))
	losses.Range(func(k, _ any) bool {
		assert.Contains(t, []string{"PreconditionFailed", "ConditionalRequestConflict"}, k)
		return true
	})
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// slowBody sends its data only when it is told to.
type slowBody struct {
	io.Reader
	began chan struct{}
	gate  chan struct{}
	once  sync.Once
}

func (b *slowBody) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.began); <-b.gate })
	return b.Reader.Read(p)
}

func TestPut_conditionalOneThatWasOvertakenConflicts(t *testing.T) {
	server, c := start(t, s3server.Options{})
	body := &slowBody{Reader: strings.NewReader("slow"), began: make(chan struct{}), gate: make(chan struct{})}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL()+"/acme/state", body)
	require.NoError(t, err)
	req.ContentLength = 4
	req.Header.Set("If-None-Match", "*")
	status := make(chan int)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			status <- 0
			return
		}
		defer resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-body.began
	time.Sleep(50 * time.Millisecond) // the request line is on its way
	mustPut(t, c, "state", "fast")
	close(body.gate)
	assert.Equal(t, http.StatusConflict, <-status)
}

func TestDelete_conditional(t *testing.T) {
	_, c := start(t, s3server.Options{})
	remove := func(key, etag string) error {
		_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), IfMatch: aws.String(etag)})
		return err
	}
	etag := mustPut(t, c, "a", "1")
	assert.Equal(t, "PreconditionFailed", code(remove("a", `"other"`)))
	_, err := get(t, c, "a", "")
	require.NoError(t, err, "still there")
	require.NoError(t, remove("a", etag))
	_, err = get(t, c, "a", "")
	assert.Equal(t, "NoSuchKey", code(err))
	require.NoError(t, remove("a", etag), "S3 answers 204 where there is nothing")
}

func TestPut_wrongChecksumIsRefused(t *testing.T) {
	server, c := start(t, s3server.Options{})
	for name, headers := range map[string]map[string]string{
		"MD5":            {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="},
		"CRC32":          {"x-amz-checksum-crc32": "AAAAAA=="},
		"CRC64NVME":      {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="},
		"SHA256":         {"x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
		"signed payload": {"x-amz-content-sha256": strings.Repeat("0", 64)},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := send(t, http.MethodPut, server.URL()+"/acme/a", "data", headers)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Regexp(t, "BadDigest|XAmzContentSHA256Mismatch", body)
		})
	}
	_, err := get(t, c, "a", "")
	assert.Equal(t, "NoSuchKey", code(err), "nothing was written")
}

func TestPut_rightChecksumsAndTrailers(t *testing.T) {
	server, c := start(t, s3server.Options{})
	// The check value of CRC-64/NVME is that of "123456789" (NVM Express specification): 0xAE8B14860A799888.
	status, body := send(t, http.MethodPut, server.URL()+"/acme/a", "123456789", map[string]string{"x-amz-checksum-crc64nvme": "rosUhgp5mIg="})
	require.Equal(t, http.StatusOK, status, body)

	framed := "5;chunk-signature=0\r\n12345\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc64nvme:%s\r\n\r\n"
	headers := map[string]string{
		"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "9",
		"Content-Encoding": "aws-chunked",
	}
	status, body = send(t, http.MethodPut, server.URL()+"/acme/b", strings.ReplaceAll(framed, "%s", "rosUhgp5mIg="), headers)
	require.Equal(t, http.StatusOK, status, body)
	data, err := get(t, c, "b", "")
	require.NoError(t, err)
	assert.Equal(t, "123456789", data)
	status, _ = send(t, http.MethodPut, server.URL()+"/acme/b", strings.ReplaceAll(framed, "%s", "AAAAAAAAAAA="), headers)
	assert.Equal(t, http.StatusBadRequest, status)
}

func send(t *testing.T, method, url, body string, headers map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(data)
}

func TestAnswers_tellTheServersTime(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 987654321, time.UTC)
	server, c := start(t, s3server.Options{Now: func() time.Time { return at }})
	mustPut(t, c, "a", "1")
	for _, path := range []string{"/acme/a", "/acme?list-type=2", "/acme/none", "/none", "/"} {
		resp, err := http.Get(server.URL() + path)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, "Tue, 06 May 2031 07:08:09 GMT", resp.Header.Get("Date"), path)
	}
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	assert.Equal(t, at.Truncate(time.Second), *list.Contents[0].LastModified, "whole seconds only")
}

func TestPut_leavesNothingOfTheOverwrittenObject(t *testing.T) {
	_, c := start(t, s3server.Options{})
	_, err := put(t, c, "a", "one", func(in *s3.PutObjectInput) {
		in.Metadata = map[string]string{"author": "ada"}
		in.ChecksumAlgorithm = "SHA256"
	})
	require.NoError(t, err)
	mustPut(t, c, "a", "two")
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("a")})
	require.NoError(t, err)
	defer out.Body.Close()
	assert.Empty(t, out.Metadata)
	assert.Nil(t, out.ChecksumSHA256)
	assert.Nil(t, out.VersionId)
	data, err := io.ReadAll(out.Body)
	require.NoError(t, err, "the SDK verifies the checksum")
	assert.Equal(t, "two", string(data))
}

func TestPut_emptyBodyIsToldToContinue(t *testing.T) {
	server, _ := start(t, s3server.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "PUT /acme/__init__.py HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Regexp(t, `^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n`, string(answer))
}

func TestSubresources_areNotTakenForTheObject(t *testing.T) {
	server, c := start(t, s3server.Options{})
	mustPut(t, c, "a", "1")
	status, _ := send(t, http.MethodPut, server.URL()+"/acme/a?tagging", "<Tagging/>", nil)
	assert.Equal(t, http.StatusNotImplemented, status)
	data, err := get(t, c, "a", "")
	require.NoError(t, err)
	assert.Equal(t, "1", data)
}

// notes collects events.
type notes struct {
	mu      sync.Mutex
	records []s3server.Record
	bodies  [][]byte
}

func (n *notes) notify(_ context.Context, body []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bodies = append(n.bodies, bytes.Clone(body))
	var message struct{ Records []s3server.Record }
	if json.Unmarshal(body, &message) == nil {
		n.records = append(n.records, message.Records...)
	}
}

func (n *notes) take(s *s3server.Server) []s3server.Record {
	s.Flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	records := n.records
	n.records = nil
	return records
}
