package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
	"github.com/dagferry/dagferry/internal/fault"
)

// What S3 answers and MinIO does not, as S3's API Reference ("Error responses") and User Guide have it.

// answering is a Bucket whose store gives one answer to everything.
func answering(t *testing.T, answer http.HandlerFunc) *s3.Bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	cfg := open(t).server.Config()
	cfg.BaseEndpoint = &server.URL
	cfg.RetryMaxAttempts = 1
	b, err := s3.Open(t.Context(), "s3://acme/dags/", s3.Options{Config: &cfg})
	require.NoError(t, err)
	return b
}

func refuse(status int, code, message, more string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("x-amz-bucket-region", "eu-north-1")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message>%s<RequestId>R</RequestId></Error>", code, message, more)
	}
}

func listedA() bucket.Object { return bucket.Object{Key: "a.py", Size: 3, ETag: `"e"`} }

func TestOpen_refusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		words  []string
	}{
		{"archived", refuse(403, "InvalidObjectState", "The operation is not valid for the object's storage class",
			"<StorageClass>DEEP_ARCHIVE</StorageClass>"), fault.Rejected, []string{"archive tier DEEP_ARCHIVE"}},
		{"archived by Intelligent-Tiering", refuse(403, "InvalidObjectState", "…",
			"<StorageClass>INTELLIGENT_TIERING</StorageClass><AccessTier>ARCHIVE_ACCESS</AccessTier>"),
			fault.Rejected, []string{"INTELLIGENT_TIERING ARCHIVE_ACCESS"}},
		{"customer's key", refuse(400, "InvalidRequest", "The object was stored using a form of Server Side Encryption. "+
			"The correct parameters must be provided to retrieve the object.", ""), fault.Rejected, []string{"SSE-C", "s3://"}},
		{"KMS", refuse(403, "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/dagferry/x is not authorized to perform: "+
			"kms:Decrypt on resource: arn:aws:kms:eu-north-1:123456789012:key/0aa3-bb because no identity-based policy allows it", ""),
			fault.Denied, []string{"KMS key arn:aws:kms:eu-north-1:123456789012:key/0aa3-bb refuses"}},
		{"KMS key switched off", refuse(400, "KMS.DisabledException", "arn:aws:kms:eu-north-1:123456789012:key/0aa3-bb is disabled.", ""),
			fault.Denied, []string{"KMS key arn:aws:kms:eu-north-1:123456789012:key/0aa3-bb refuses"}},
		{"KMS is busy", refuse(400, "KMS.ThrottlingException", "Rate exceeded", ""), fault.Transient, nil},
		{"no permission", refuse(403, "AccessDenied", "Access Denied", ""), fault.Denied, []string{"s3:ListBucket"}},
		{"other region", refuse(301, "PermanentRedirect", "…", ""), fault.Denied,
			[]string{"the bucket is in the region eu-north-1, and this program speaks to us-east-1: write region: eu-north-1 beside the source's url (a function"}},
		{"throttled", refuse(503, "SlowDown", "Please reduce your request rate.", ""), fault.Transient, nil},
		{"internal", refuse(500, "InternalError", "…", ""), fault.Transient, nil},
		{"not understood", refuse(400, "InvalidRequest", "…", ""), fault.Broken, []string{"InvalidRequest"}},
		{"not there to do", refuse(501, "NotImplemented", "…", ""), fault.Broken, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := answering(t, tc.answer)
			_, err := b.Open(t.Context(), listedA())
			require.Error(t, err)
			assert.Equal(t, tc.kind, fault.Of(err), err)
			for _, word := range append(tc.words, "read s3://acme/dags/a.py") {
				assert.ErrorContains(t, err, word)
			}
			assert.NotErrorIs(t, err, bucket.ErrChanged)
		})
	}
}

func TestSwap_conflicts(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"another version":            refuse(412, "PreconditionFailed", "…", ""),
		"somebody writes right now":  refuse(409, "ConditionalRequestConflict", "…", ""),
		"the version is gone, as S3": refuse(404, "NoSuchKey", "…", ""),
	} {
		b := answering(t, answer)
		v, err := b.Swap(t.Context(), "state.json", nil, `"v"`)
		assert.ErrorIs(t, err, bucket.ErrConflict, name)
		assert.False(t, v.At.IsZero(), "a refusal tells the time")
		_, err = b.Swap(t.Context(), "state.json", nil, "")
		assert.ErrorIs(t, err, bucket.ErrConflict, name)
	}
}

func TestOpen_withoutAnETagSendsNothing(t *testing.T) {
	b := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without a pin") })
	_, err := b.Open(t.Context(), bucket.Object{Key: "a.py", Size: 3})
	assert.ErrorContains(t, err, "without an ETag")
}

func TestOpen_lengths(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		chunked    bool
		want       func(t *testing.T, err error)
	}{
		{"as listed", "abc", false, func(t *testing.T, err error) { assert.NoError(t, err) }},
		{"as listed, length not told", "abc", true, func(t *testing.T, err error) { assert.NoError(t, err) }},
		{"shorter", "ab", false, changed},
		{"longer", "abcd", false, changed},
		{"longer, length not told", "abcd", true, changed},
		{"ends early", "ab", true, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, fault.Transient, fault.Of(err))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := answering(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, `"e"`, r.Header.Get("If-Match"))
				fmt.Fprint(w, tc.body[:1])
				if tc.chunked {
					w.(http.Flusher).Flush()
				}
				fmt.Fprint(w, tc.body[1:])
			})
			r, err := b.Open(t.Context(), listedA())
			if err == nil {
				_, err = io.ReadAll(r)
				require.NoError(t, r.Close())
			}
			tc.want(t, err)
		})
	}
}

func changed(t *testing.T, err error) { assert.ErrorIs(t, err, bucket.ErrChanged) }

func listing(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, "<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>", body)
	}
}

func entry(key, class string) string {
	return fmt.Sprintf(`<Contents><Key>%s</Key><Size>1</Size><ETag>"e"</ETag><StorageClass>%s</StorageClass>`+
		`<LastModified>2026-03-01T12:00:00.000Z</LastModified></Contents>`, key, class)
}

func TestList_decodesOnlyWhatIsEncoded(t *testing.T) {
	l, err := answering(t, listing("<EncodingType>url</EncodingType>"+entry("dags/a%2Bb+c%0A.py", "STANDARD"))).List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "a+b c\n.py", l.Objects[0].Key)

	l, err = answering(t, listing(entry("dags/a%2Bb+c.py", "STANDARD"))).List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "a%2Bb+c.py", l.Objects[0].Key, "versitygw ignores the parameter")
}

func TestList_tiers(t *testing.T) {
	l, err := answering(t, listing(entry("dags/a", "STANDARD")+entry("dags/b", "GLACIER")+entry("dags/c", "DEEP_ARCHIVE"))).List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, l.Objects[0].StorageClass)
	assert.Equal(t, "GLACIER", l.Objects[1].StorageClass)
	assert.Equal(t, "DEEP_ARCHIVE", l.Objects[2].StorageClass)
}

func TestList_neverTakesAPartForTheWhole(t *testing.T) {
	for name, body := range map[string]string{
		"no token":       "<IsTruncated>true</IsTruncated>" + entry("dags/a", ""),
		"not our prefix": entry("secret/a", ""),
		"no such escape": "<EncodingType>url</EncodingType>" + entry("dags/%zz", ""),
	} {
		_, err := answering(t, listing(body)).List(t.Context())
		require.Error(t, err, name)
		assert.Equal(t, fault.Broken, fault.Of(err))
		assert.ErrorContains(t, err, "list s3://acme/dags/")
	}
	for name, answer := range map[string]http.HandlerFunc{
		"cut in the middle": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "<ListBucketResult>"+entry("dags/a", ""))
		},
		"empty":             func(http.ResponseWriter, *http.Request) {},
		"no listing":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html></html>") },
		"an error with 200": refuse(200, "InternalError", "We encountered an internal error.", ""),
	} {
		_, err := answering(t, answer).List(t.Context())
		require.Error(t, err, name)
		assert.Equal(t, fault.Transient, fault.Of(err), err)
	}
}

func TestGet_refusesWhatIsTooLargeToBeOurs(t *testing.T) {
	s := open(t)
	s.Upload(t, "state/a", []byte("12345"))
	_, err := s.at(t, "state/", s3.Options{MaxValue: 5}).Get(t.Context(), "a")
	require.NoError(t, err)
	_, err = s.at(t, "state/", s3.Options{MaxValue: 4}).Get(t.Context(), "a")
	require.Error(t, err)
	assert.Equal(t, fault.Broken, fault.Of(err))
}

func TestStamp_isZeroWithoutADate(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("ETag", `"e"`)
	})
	v, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.True(t, v.At.IsZero())
	v, err = b.Swap(t.Context(), "state.json", nil, "")
	require.NoError(t, err)
	assert.True(t, v.At.IsZero())
}

// The configuration asks for what the SDK's default chain asks for; and for localhost, below which no bucket's name
// resolves.
func TestRequests_areWhatEveryServerTakes(t *testing.T) {
	var seen []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		w.Header().Set("ETag", `"e"`)
	}))
	defer server.Close()
	cfg := aws.Config{
		Region: "eu-north-1", Credentials: aws.AnonymousCredentials{},
		BaseEndpoint:               aws.String(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
	b, err := s3.Open(t.Context(), "s3://acme/dags/", s3.Options{Config: &cfg, ExpectedOwner: "123456789012", RequesterPays: true})
	require.NoError(t, err)
	everything(t, b)
	require.Len(t, seen, 6)
	for _, r := range seen {
		assert.True(t, strings.HasPrefix(r.URL.Path, "/acme"), r.URL.Path)
		assert.Equal(t, "123456789012", r.Header.Get("x-amz-expected-bucket-owner"))
		for name := range r.Header {
			assert.NotContains(t, strings.ToLower(name), "checksum")
		}
	}
	for _, read := range seen[:3] {
		assert.Equal(t, "requester", read.Header.Get("x-amz-request-payer"))
	}
	assert.Equal(t, "application/json", put(t, b, "run.json", &seen).Get("Content-Type"))
	assert.Equal(t, "text/html; charset=utf-8", put(t, b, "report.html", &seen).Get("Content-Type"))
}

func put(t *testing.T, b bucket.Bucket, key string, seen *[]*http.Request) http.Header {
	t.Helper()
	require.NoError(t, b.Put(t.Context(), key, []byte("x")))
	return (*seen)[len(*seen)-1].Header
}
