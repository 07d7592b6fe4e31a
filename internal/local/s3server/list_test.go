package s3server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/s3server"
)

func TestList_everyKeyOnceWhateverThePages(t *testing.T) {
	_, c := start(t, s3server.Options{})
	var want []string
	for i := range 11 {
		key := fmt.Sprintf("dags/%02d.py", i)
		mustPut(t, c, key, "x")
		want = append(want, key)
	}
	mustPut(t, c, "dagz", "not under the prefix")
	for size := int32(1); size <= 12; size++ {
		var got []string
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{
			Bucket: aws.String(bucket), Prefix: aws.String("dags/"), MaxKeys: aws.Int32(size)})
		n := 0
		for ; pages.HasMorePages(); n++ {
			page, err := pages.NextPage(t.Context())
			require.NoError(t, err)
			assert.Len(t, page.Contents, int(*page.KeyCount))
			for _, o := range page.Contents {
				got = append(got, *o.Key)
			}
		}
		assert.Equal(t, want, got, "pages of %d", size)
		assert.Equal(t, (11+int(size)-1)/int(size), n, "no empty last page")
	}
}

func TestList_commonPrefixesStandOnce(t *testing.T) {
	_, c := start(t, s3server.Options{})
	for _, key := range []string{"a/1", "a/2", "a/3", "b", "c/1", "c/2", "/d"} {
		mustPut(t, c, key, "x")
	}
	var got []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, p := range page.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		for _, o := range page.Contents {
			got = append(got, *o.Key)
		}
	}
	assert.Equal(t, []string{"/", "a/", "b", "c/"}, got)
}

func TestList_controlCharactersNeedEncodingType(t *testing.T) {
	_, c := start(t, s3server.Options{})
	key := "dags/a b+ü\x01*~&<.py"
	mustPut(t, c, key, "x")
	_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	require.Error(t, err, "S3 sends what XML cannot hold")
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), EncodingType: types.EncodingTypeUrl})
	require.NoError(t, err)
	assert.Equal(t, "dags/a+b%2B%C3%BC%01*~%26%3C.py", *list.Contents[0].Key)
}

func TestList_startAfterAndMissingBucket(t *testing.T) {
	server, c := start(t, s3server.Options{})
	mustPut(t, c, "a", "x")
	mustPut(t, c, "b", "x")
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket), StartAfter: aws.String("a")})
	require.NoError(t, err)
	require.Len(t, list.Contents, 1)
	assert.Equal(t, "b", *list.Contents[0].Key)
	_, err = c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("none")})
	assert.Equal(t, "NoSuchBucket", code(err))
	status, _ := send(t, http.MethodGet, server.URL()+"/acme?list-type=2&continuation-token=%21", "", nil)
	assert.Equal(t, http.StatusBadRequest, status)
}
