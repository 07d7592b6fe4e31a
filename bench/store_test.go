package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bucket"
	"github.com/dagferry/dagferry/internal/bucket/s3"
)

// served is a store without latencies, and the adapter that dagferry reads it with.
func served(t *testing.T) (*store, *s3.Bucket, string) {
	t.Helper()
	store := newStore(latency{none: true}, time.Now, dagsBucket, stateBucket)
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	config := aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}
	b, err := s3.Open(t.Context(), "s3://"+dagsBucket+"/dags/", s3.Options{Config: &config})
	require.NoError(t, err)
	return store, b, server.URL
}

func fill(s *store, files int) (keys []string) {
	objects := map[string]*object{}
	for i := range files {
		key := fmt.Sprintf("team%d/a+b %05d.py", i%7, i)
		keys = append(keys, key)
		objects["dags/"+key] = newObject("dags/"+key, []byte(key), time.Unix(0, 0))
	}
	objects["other/x.py"] = newObject("other/x.py", nil, time.Unix(0, 0))
	s.buckets[dagsBucket].fill(objects)
	return keys
}

func TestList_isCompleteInPages(t *testing.T) {
	store, b, _ := served(t)
	keys := fill(store, 2500)
	l, err := b.List(t.Context())
	require.NoError(t, err)
	var got []string
	for _, o := range l.Objects {
		got = append(got, o.Key)
	}
	assert.ElementsMatch(t, keys, got)
	assert.Equal(t, 3, store.counts.List)

	parts, err := b.ListSplit(t.Context(), []string{keys[100], keys[1700], "zzz"})
	require.NoError(t, err)
	assert.Equal(t, l.Objects, parts.Objects)
}

func TestList_withADelimiterAndVersion1(t *testing.T) {
	store, _, url := served(t)
	fill(store, 30)
	for query, want := range map[string][]string{
		"prefix=dags/&delimiter=/&max-keys=4":                                {"<Prefix>dags/team3/</Prefix>", "<NextMarker>dags/team3/</NextMarker>"},
		"prefix=dags/&delimiter=/&max-keys=4&marker=dags/team3/":             {"<Prefix>dags/team4/</Prefix>", "<IsTruncated>false</IsTruncated>"},
		"prefix=dags/team1/&max-keys=1":                                      {"<Key>dags/team1/a+b 00001.py</Key>", "<IsTruncated>true</IsTruncated>"},
		"list-type=2&prefix=dags/team1/&max-keys=1&encoding-type=url":        {"<Key>dags/team1/a%2Bb+00001.py</Key>", "<NextContinuationToken>"},
		"list-type=2&prefix=dags/&start-after=dags/team6/a%2Bb%2000020.py":   {"<KeyCount>1</KeyCount>", "a+b 00027.py"},
		"list-type=2&prefix=dags/&delimiter=/&encoding-type=url&max-keys=50": {"<KeyCount>7</KeyCount>"},
	} {
		_, body := ask(t, http.MethodGet, url+"/"+dagsBucket+"?"+query, "", nil)
		for _, part := range want {
			assert.Contains(t, body, part, query)
		}
	}
}

func ask(t *testing.T, method, url, body string, header map[string]string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotEmpty(t, response.Header.Get("Date"))
	return response.StatusCode, string(data)
}

func TestConditions(t *testing.T) {
	_, b, _ := served(t)
	_, err := b.Swap(t.Context(), "state.json", []byte("0"), `"other"`)
	require.ErrorIs(t, err, bucket.ErrConflict, "If-Match where there is nothing")
	first, err := b.Swap(t.Context(), "state.json", []byte("1"), "")
	require.NoError(t, err)
	_, err = b.Swap(t.Context(), "state.json", []byte("2"), "")
	require.ErrorIs(t, err, bucket.ErrConflict, "If-None-Match where there is something")
	second, err := b.Swap(t.Context(), "state.json", []byte("2"), first.Version)
	require.NoError(t, err)
	_, err = b.Swap(t.Context(), "state.json", []byte("3"), first.Version)
	require.ErrorIs(t, err, bucket.ErrConflict, "If-Match of an older version")
	got, err := b.Get(t.Context(), "state.json")
	require.NoError(t, err)
	assert.Equal(t, "2", string(got.Data))
	_, err = b.Open(t.Context(), bucket.Object{Key: "state.json", Size: 1, ETag: first.Version})
	require.ErrorIs(t, err, bucket.ErrChanged, "a read of another version")
	read, err := b.Open(t.Context(), bucket.Object{Key: "state.json", Size: 1, ETag: second.Version})
	require.NoError(t, err)
	require.NoError(t, read.Close())
}

func TestCounts_areByPrice(t *testing.T) {
	store, b, url := served(t)
	fill(store, 10)
	require.NoError(t, b.Put(t.Context(), "x/runs/1.json", []byte("{}")))
	require.NoError(t, b.Put(t.Context(), "x/state.json", []byte("{}")))
	_, err := b.Get(t.Context(), "x/state.json")
	require.NoError(t, err)
	_, err = b.Get(t.Context(), "nothing")
	require.ErrorIs(t, err, bucket.ErrNotExist)
	_, err = b.List(t.Context())
	require.NoError(t, err)
	ask(t, http.MethodHead, url+"/"+dagsBucket+"/dags/team0/a+b%2000000.py", "", nil)
	store.counts.Bytes = 0
	assert.Equal(t, tally{Get: 2, List: 1, Head: 1, Put: 1, Record: 1}, store.counts)
}

func TestLatency_isThatOfTheKindAndTheSameForAll(t *testing.T) {
	l := latency{seed: 3}
	get := request{kind: "get", bucket: dagsBucket, key: "dags/a.py"}
	assert.Equal(t, l.of(get, 0), l.of(get, 0))
	assert.NotEqual(t, l.of(get, 0), latency{seed: 4}.of(get, 0))
	for i := range 1000 {
		d := l.of(request{kind: "get", bucket: dagsBucket, key: fmt.Sprint(i)}, 0)
		require.GreaterOrEqual(t, d, 15*time.Millisecond)
		require.Less(t, d, 30*time.Millisecond)
	}
	list, write := request{kind: "list"}, request{kind: "put"}
	assert.Equal(t, 50*time.Millisecond, l.of(list, 1000)-l.of(list, 0))
	assert.GreaterOrEqual(t, l.of(write, 0), 35*time.Millisecond)
}
