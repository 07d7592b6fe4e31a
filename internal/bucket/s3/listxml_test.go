package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/minio"
)

// canned answers everything with a body.
type canned []byte

func (c canned) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c))}, nil
}

// bySDK is what the SDK alone makes of an answer.
func bySDK(ctx context.Context, answer []byte) (*awss3.ListObjectsV2Output, error) {
	client := awss3.New(awss3.Options{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: canned(answer), RetryMaxAttempts: 1,
	})
	out, err := client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("acme")})
	if out != nil {
		out.ResultMetadata = middleware.Metadata{}
	}
	return out, err
}

// listingOf is an answer as S3's API Reference shows it (ListObjectsV2, Examples), with what newer servers add.
func listingOf(entries ...string) []byte {
	return []byte(xmlHeader + "\n" + listBegin + `<Name>acme</Name><Prefix>dags/</Prefix><StartAfter>dags/a.py</StartAfter><ContinuationToken/>` +
		`<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken><KeyCount>205</KeyCount><MaxKeys>1000</MaxKeys>` +
		`<Delimiter></Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>` + strings.Join(entries, "") + listEnd)
}

const listedEntry = `<Contents><Key>dags/a&amp;b&apos;&#39;+%C3%A4.py</Key><LastModified>2009-10-12T17:50:30.123Z</LastModified>` +
	`<ETag>&quot;fba9dede5f27731c9771645a39863328&#34;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>` +
	`<ChecksumType>FULL_OBJECT</ChecksumType><Size>434234</Size><StorageClass>GLACIER</StorageClass></Contents>`

func TestReadListing_asTheSDKReads(t *testing.T) {
	for name, answer := range map[string][]byte{
		"entries":     listingOf(listedEntry, listedEntry),
		"empty":       listingOf(),
		"empty entry": listingOf("<Contents></Contents>"),
		"no header":   []byte(listBegin + listedEntry + listEnd),
	} {
		want, err := bySDK(t.Context(), answer)
		require.NoError(t, err, name)
		got, known := readListing(answer)
		require.True(t, known, name)
		assert.Equal(t, want, got, name)
	}
}

// What S3 does not write, and what is no listing, or only a part of one, is the SDK's to read or to refuse.
func TestReadListing_leavesTheRestToTheSDK(t *testing.T) {
	whole := string(listingOf(listedEntry))
	changed := func(old, made string) string {
		require.Contains(t, whole, old)
		return strings.Replace(whole, old, made, 1)
	}
	for name, answer := range map[string]string{
		"nothing":               "",
		"a page of a proxy":     "<html></html>",
		"an error":              "<Error><Code>InternalError</Code></Error>",
		"another namespace":     changed("2006-03-01", "2007-03-01"),
		"a prefix":              changed("<Key>", "<s:Key>"),
		"an attribute":          changed("<Key>", `<Key a="b">`),
		"a comment":             changed("<Key>", "<!-- --><Key>"),
		"CDATA":                 changed("<Key>", "<Key><![CDATA[x]]>"),
		"a control character":   changed("<Key>", "<Key>\r\n"),
		"no ASCII":              changed("<Key>", "<Key>ä"),
		"another entity":        changed("&amp;", "&#228;"),
		"no entity":             changed("&amp;", "&nope;"),
		"an entity's begin":     changed(".py</Key>", "&amp</Key>"),
		"an unknown element":    changed("<Size>", "<RestoreStatus></RestoreStatus><Size>"),
		"an element in a value": changed("<Size>", "<Size><b/>"),
		"another end":           changed("</Key>", "</Size>"),
		"no number":             changed("434234", "many"),
		"too many keys":         changed("<KeyCount>205", "<KeyCount>99999999999"),
		"no truth":              changed("<IsTruncated>true", "<IsTruncated>1"),
		"no time":               changed("2009-10-12T", "2009-13-12T"),
		"common prefixes":       changed("<Contents>", "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes><Contents>"),
		"more behind its end":   whole + "<Contents></Contents>",
	} {
		_, known := readListing([]byte(answer))
		assert.False(t, known, name)
	}
	for end := range whole {
		_, known := readListing([]byte(whole[:end]))
		require.False(t, known, "cut after %d bytes", end)
	}
}

// The form that is read here is the one that servers write: a listing of MinIO's with everything that a DAG bucket has.
func TestReadListing_knowsMinIO(t *testing.T) {
	server := minio.Shared(t)
	name := server.Bucket(t)
	for _, key := range []string{"dags/a.py", "dags/ä b+c&'\"<>.py", "dags/folder/"} {
		_, err := server.Client().PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(key)})
		require.NoError(t, err)
	}
	answer := rawListing(t, server, name)
	got, known := readListing(answer)
	require.True(t, known, "%s", answer)
	want, err := bySDK(t.Context(), answer)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Len(t, got.Contents, 3)
}

// rawListing asks without the SDK, as the SDK asks.
func rawListing(t *testing.T, server *minio.Server, bucket string) []byte {
	cfg := server.Config()
	who, err := cfg.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, *cfg.BaseEndpoint+"/"+bucket+"?list-type=2&encoding-type=url&prefix=dags%2F", http.NoBody)
	require.NoError(t, err)
	const unsigned = "UNSIGNED-PAYLOAD"
	r.Header.Set("X-Amz-Content-Sha256", unsigned)
	require.NoError(t, v4.NewSigner().SignHTTP(t.Context(), who, r, unsigned, "s3", cfg.Region, time.Now()))
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	return body
}

// FuzzReadListing holds what is read here to what the SDK reads of the same bytes.
func FuzzReadListing(f *testing.F) {
	f.Add(listingOf(listedEntry))
	f.Add(listingOf("<Contents><Key/><Size>-1</Size></Contents>"))
	f.Add([]byte(listBegin + "<IsTruncated>false</IsTruncated><KeyCount>+5</KeyCount>" + listEnd))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, known := readListing(answer)
		if !known {
			return // the SDK reads it
		}
		want, err := bySDK(t.Context(), answer)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
