package gcs_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/gcs"
	"github.com/dagferry/dagferry/internal/fault"
)

// What Cloud Storage answers and fake-gcs-server does not, as "HTTP status and error codes for JSON" of its
// documentation has it, and the clients' issue trackers its words.

// answering is a Bucket whose store gives one answer to everything, which is asked for once.
func answering(t *testing.T, answer http.HandlerFunc) *gcs.Bucket {
	t.Helper()
	return asking(t, answer, gcs.Options{Attempts: 1})
}

func asking(t *testing.T, answer http.HandlerFunc, o gcs.Options) *gcs.Bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o.Endpoint = server.URL
	b, err := gcs.Open(t.Context(), "gs://acme/dags/", o)
	require.NoError(t, err)
	return b
}

// refuse is how the JSON API refuses.
func refuse(status int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		item := map[string]string{"message": message, "domain": "global", "reason": reason}
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message, "errors": []any{item}}})
	}
}

// say is how it refuses to read: in words only.
func say(status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(status)
		fmt.Fprint(w, message)
	}
}

func listedA() bucket.Object { return bucket.Object{Key: "a.py", Size: 3, Generation: 7} }

const deniedKMS = "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to use this key."

func TestOpen_refusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		words  []string
	}{
		{"under its uploader's key", say(400, "The target object is encrypted by a customer-supplied encryption key."),
			fault.Rejected, []string{"a key of its uploader's own", "upload it with the bucket's encryption"}},
		{"under its uploader's key, with a reason", refuse(400, "resourceIsEncryptedWithCustomerEncryptionKey", "…"),
			fault.Rejected, []string{"a key of its uploader's own"}},
		{"KMS", say(403, deniedKMS), fault.Denied, []string{"the KMS key of the object refuses", "the answer was 403: Permission denied on Cloud KMS key."}},
		{"KMS key switched off", refuse(400, "cloudKmsDisabledKey", "…"), fault.Denied, []string{"the KMS key of the object refuses"}},
		{"no permission", say(403, "dagferry@acme.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object."),
			fault.Denied, []string{"does not have storage.objects.get access", "storage.objects.list"}},
		{"nobody", say(401, "Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object."),
			fault.Denied, []string{"the answer was 401: Anonymous caller"}},
		{"no bucket", say(404, "The specified bucket does not exist."), fault.Denied, []string{"the bucket acme does not exist"}},
		{"nobody pays", say(400, "Bucket is a requester pays bucket but no user project provided."), fault.Denied, []string{"requester pays"}},
		{"too many requests", refuse(403, "rateLimitExceeded", "…"), fault.Transient, nil},
		{"throttled", say(429, "The rate of requests is too high."), fault.Transient, nil},
		{"timed out", say(408, "…"), fault.Transient, nil},
		{"away", say(503, "We encountered an internal error. Please try again."), fault.Transient, nil},
		{"a proxy's page", say(502, "<html>\n<p>"+strings.Repeat("Bad Gateway ", 1000)+"</html>"), fault.Transient, []string{"the answer was 502: <html> <p>Bad Gateway Bad"}},
		{"not understood", refuse(400, "invalid", "…"), fault.Broken, []string{"the answer was 400 invalid"}},
		{"not there to do", say(501, "…"), fault.Broken, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := answering(t, tc.answer)
			_, err := b.Open(t.Context(), listedA())
			require.Error(t, err)
			assert.Equal(t, tc.kind, fault.Of(err), err)
			for _, word := range append(tc.words, "read gs://acme/dags/a.py") {
				assert.ErrorContains(t, err, word)
			}
			assert.NotErrorIs(t, err, bucket.ErrChanged)
			assert.Less(t, len(err.Error()), 600, "an answer is told in a line")
		})
	}
}

func TestOpen_namesTheKMSKey(t *testing.T) {
	const key = "projects/acme/locations/eu/keyRings/r/cryptoKeys/dags"
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("alt") == "media" {
			say(403, deniedKMS)(w, r)
			return
		}
		fmt.Fprintf(w, `{"bucket": "acme", "name": "dags/a.py", "generation": "7", "kmsKeyName": %q}`, key)
	})
	_, err := b.Open(t.Context(), listedA())
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, "read gs://acme/dags/a.py: the KMS key "+key+" refuses")
	_, err = b.Get(t.Context(), "a.py")
	assert.Equal(t, fault.Denied, fault.Of(err))
	assert.ErrorContains(t, err, key)
}

func TestOpen_goneIsChanged(t *testing.T) {
	b := answering(t, say(404, "No such object: acme/dags/a.py"))
	_, err := b.Open(t.Context(), listedA())
	require.ErrorIs(t, err, bucket.ErrChanged)
	assert.Equal(t, fault.Transient, fault.Of(err))
	_, err = b.Get(t.Context(), "a.py")
	require.ErrorIs(t, err, bucket.ErrNotExist)
}

func TestOpen_withoutAGenerationSendsNothing(t *testing.T) {
	b := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without a pin") })
	_, err := b.Open(t.Context(), bucket.Object{Key: "a.py", Size: 3, ETag: `"e"`})
	assert.ErrorContains(t, err, "without a generation")
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
				assert.Equal(t, "7", r.URL.Query().Get("generation"))
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

func TestOpen_damagedOnItsWay(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==")
		fmt.Fprint(w, "abc")
	})
	r, err := b.Open(t.Context(), listedA())
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorContains(t, err, "bad CRC")
	assert.Equal(t, fault.Transient, fault.Of(err))
}

func TestSwap_conflicts(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"another generation, or gone": refuse(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."),
		"somebody writes right now":   refuse(409, "conflict", "…"),
	} {
		b := answering(t, answer)
		v, err := b.Swap(t.Context(), "state.json", nil, "7")
		assert.ErrorIs(t, err, bucket.ErrConflict, name)
		assert.Equal(t, fault.Transient, fault.Of(err), name)
		assert.False(t, v.At.IsZero(), "a refusal tells the time")
		_, err = b.Swap(t.Context(), "state.json", nil, "")
		assert.ErrorIs(t, err, bucket.ErrConflict, name)
	}
}

func TestSwap_refusals(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		words  string
	}{
		{"no bucket", refuse(404, "notFound", "The specified bucket does not exist."), fault.Denied, "the bucket acme does not exist"},
		{"no permission to replace", refuse(403, "forbidden", "dagferry@… does not have storage.objects.delete access"), fault.Denied, "roles/storage.objectUser"},
		{"retention", refuse(403, "retentionPolicyNotMet", "…"), fault.Denied, "without retention"},
		{"policy", refuse(412, "orgPolicyConstraintFailed", "…"), fault.Denied, "orgPolicyConstraintFailed"},
		{"KMS", refuse(403, "forbidden", deniedKMS), fault.Denied, "the bucket's KMS key refuses"},
		{"too soon", refuse(429, "rateLimitExceeded", "The object acme/dags/state.json exceeded the rate limit for object mutation operations (create, update, and delete)."),
			fault.Transient, "rate limit"},
		{"no such project", refuse(400, "userProjectInvalid", "…"), fault.Denied, "userProjectInvalid"},
		{"an answer that is cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"generation": "7"`)
		}, fault.Transient, "EOF"},
		{"no generation", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }, fault.Broken, "without a generation"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := answering(t, tc.answer).Swap(t.Context(), "state.json", []byte("{}"), "7")
			require.Error(t, err)
			assert.Equal(t, tc.kind, fault.Of(err), err)
			assert.NotErrorIs(t, err, bucket.ErrConflict)
			assert.ErrorContains(t, err, "swap gs://acme/dags/state.json")
			assert.ErrorContains(t, err, tc.words)
		})
	}
}

// What a version of another kind of store says of this one: nothing but that it is not the newest.
func TestSwap_versionsOfOtherStores(t *testing.T) {
	b := answering(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without a condition") })
	for _, version := range []string{`"e"`, "0", "-1", "7.0", "99999999999999999999"} {
		_, err := b.Swap(t.Context(), "state.json", nil, version)
		assert.ErrorIs(t, err, bucket.ErrConflict, version)
	}
}

// page is an answer of a listing.
func page(next string, items ...string) string {
	return fmt.Sprintf(`{"kind": "storage#objects", "nextPageToken": %q, "items": [%s]}`, next, strings.Join(items, ","))
}

func entry(name string, generation int, class string) string {
	return fmt.Sprintf(`{"name": %q, "size": "1", "generation": "%d", "storageClass": %q, "timeCreated": "2026-03-01T12:00:00.123Z",
		"updated": "2026-03-02T12:00:00Z", "etag": "CAE="}`, name, generation, class)
}

func listing(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func TestList_isPaged(t *testing.T) {
	var tokens []string
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		tokens = append(tokens, q.Get("pageToken"))
		assert.Equal(t, "1000", q.Get("maxResults"))
		assert.Equal(t, "dags/", q.Get("prefix"))
		assert.Equal(t, "noAcl", q.Get("projection"), "lists need no permission of their own")
		assert.Empty(t, q.Get("delimiter")+q.Get("softDeleted"))
		assert.Contains(t, []string{"", "false"}, q.Get("versions"))
		number := len(tokens)
		next := strconv.Itoa(number)
		if number == 7 { // more than a call has tries
			next = ""
		}
		w.Header().Set("Date", fmt.Sprintf("Sun, 01 Mar 2026 12:00:0%d GMT", number))
		fmt.Fprint(w, page(next, entry("dags/"+strconv.Itoa(9-number), number, "STANDARD")))
	})
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"", "1", "2", "3", "4", "5", "6"}, tokens)
	require.Len(t, l.Objects, 7)
	assert.Equal(t, "2", l.Objects[0].Key, "sorted")
	assert.Equal(t, bucket.Object{Key: "8", Size: 1, Generation: 1, LastModified: l.Objects[6].LastModified}, l.Objects[6])
	assert.Equal(t, "2026-03-01T12:00:00.123Z", l.Objects[6].LastModified.Format("2006-01-02T15:04:05.000Z07:00"),
		"when this generation was written, not its metadata")
	assert.Equal(t, 7, l.At.Date.Second(), "the last answer's")
}

// Where many versions were deleted, pages may be empty.
func TestList_emptyPages(t *testing.T) {
	number := 0
	l, err := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		number++
		if number < 10 {
			fmt.Fprint(w, page("more"))
			return
		}
		fmt.Fprint(w, page("", entry("dags/a", 1, "")))
	}).List(t.Context())
	require.NoError(t, err)
	assert.Len(t, l.Objects, 1)
}

func TestList_tiers(t *testing.T) {
	l, err := answering(t, listing(page("", entry("dags/a", 1, "STANDARD"), entry("dags/b", 2, "ARCHIVE")))).List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, l.Objects[0].StorageClass)
	assert.Equal(t, "ARCHIVE", l.Objects[1].StorageClass)
}

func TestList_neverTakesAPartForTheWhole(t *testing.T) {
	for name, body := range map[string]string{
		"not our prefix": page("", entry("secret/a", 1, "")),
		"no generation":  page("", `{"name": "dags/a", "size": "1"}`),
		"no JSON":        `<html>`,
	} {
		_, err := answering(t, listing(body)).List(t.Context())
		require.Error(t, err, name)
		assert.Equal(t, fault.Broken, fault.Of(err), err)
		assert.ErrorContains(t, err, "list gs://acme/dags/")
	}
	_, err := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, page("", entry("dags/a", 1, ""))[:40])
	}).List(t.Context())
	require.Error(t, err, "cut in the middle")
	assert.Equal(t, fault.Transient, fault.Of(err), err)
}

func TestStamp_isZeroWithoutADate(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("X-Goog-Generation", "7")
		fmt.Fprint(w, `{"generation": "8"}`)
	})
	v, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "7", v.Version)
	assert.True(t, v.At.IsZero())
	v, err = b.Swap(t.Context(), "state.json", nil, "7")
	require.NoError(t, err)
	assert.Equal(t, "8", v.Version)
	assert.True(t, v.At.IsZero())
	l, err := b.List(t.Context())
	require.NoError(t, err)
	assert.True(t, l.At.IsZero())
}

func TestGet_withoutAGeneration(t *testing.T) {
	_, err := answering(t, listing("{}")).Get(t.Context(), "state.json")
	require.ErrorContains(t, err, "without a generation")
	assert.Equal(t, fault.Broken, fault.Of(err))
}

func TestGet_refusesWhatIsTooLargeToBeOurs(t *testing.T) {
	s := open(t)
	s.Upload(t, "state/a", []byte("12345"))
	_, err := s.at(t, "state/", gcs.Options{MaxValue: 5}).Get(t.Context(), "a")
	require.NoError(t, err)
	_, err = s.at(t, "state/", gcs.Options{MaxValue: 4}).Get(t.Context(), "a")
	require.Error(t, err)
	assert.Equal(t, fault.Broken, fault.Of(err))
}
