package s3server_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/s3server"
)

func TestEvents_lookAsS3SendsThem(t *testing.T) {
	var n notes
	server, c := start(t, s3server.Options{Notify: n.notify})
	etag := mustPut(t, c, "dags/a b+ü.py", "")
	records := n.take(server)
	require.Len(t, records, 1)
	r := records[0]
	assert.Equal(t, "ObjectCreated:Put", r.EventName)
	assert.Equal(t, "aws:s3", r.EventSource)
	assert.Equal(t, "dags%2Fa+b%2B%C3%BC.py", r.S3.Object.Key)
	assert.Equal(t, int64(0), *r.S3.Object.Size)
	assert.Equal(t, etag, `"`+r.S3.Object.ETag+`"`)
	assert.Equal(t, "arn:aws:s3:::acme", r.S3.Bucket.ARN)
	assert.Regexp(t, regexp.MustCompile("^[0-9A-F]{18}$"), r.S3.Object.Sequencer)
	n.mu.Lock()
	defer n.mu.Unlock()
	all := bytes.Join(n.bodies, nil)
	assert.Contains(t, string(all), `"Event":"s3:TestEvent"`)
	assert.NotContains(t, string(all), "versionId")
}

func TestEvents_oneForEachChangeAndNoneForNothing(t *testing.T) {
	var n notes
	server, c := start(t, s3server.Options{Notify: n.notify, Prefix: "dags/"})
	names := func() (all []string) {
		for _, r := range n.take(server) {
			all = append(all, r.EventName+" "+r.S3.Object.Key)
		}
		return all
	}
	mustPut(t, c, "dags/a", "1")
	mustPut(t, c, "state/x", "outside the prefix")
	_, err := put(t, c, "dags/a", "2", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	require.Error(t, err)
	assert.Equal(t, []string{"ObjectCreated:Put dags%2Fa"}, names())

	_, err = c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(bucket), Key: aws.String("dags/b"), CopySource: aws.String("acme/dags/a")})
	require.NoError(t, err)
	assert.Equal(t, []string{"ObjectCreated:Copy dags%2Fb"}, names())

	_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("dags/none")})
	require.NoError(t, err)
	assert.Empty(t, names())

	out, err := c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(bucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("dags/a")}, {Key: aws.String("dags/b"), ETag: aws.String(`"other"`)}, {Key: aws.String("dags/none")},
	}}})
	require.NoError(t, err)
	assert.Len(t, out.Deleted, 2)
	require.Len(t, out.Errors, 1)
	assert.Equal(t, "PreconditionFailed", *out.Errors[0].Code)
	assert.Equal(t, []string{"ObjectRemoved:Delete dags%2Fa"}, names())
}

func TestMultipart_itsETagIsNoHashOfTheContents(t *testing.T) {
	var n notes
	server, c := start(t, s3server.Options{Notify: n.notify})
	id := struct{ Bucket, Key *string }{aws.String(bucket), aws.String("big.bin")}
	up, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: id.Bucket, Key: id.Key})
	require.NoError(t, err)
	part, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: id.Bucket, Key: id.Key, UploadId: up.UploadId,
		PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("part one"))})
	require.NoError(t, err)
	assert.Empty(t, n.take(server), "a part is no object yet")
	complete := &s3.CompleteMultipartUploadInput{Bucket: id.Bucket, Key: id.Key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}}
	done, err := c.CompleteMultipartUpload(t.Context(), complete)
	require.NoError(t, err)
	assert.Regexp(t, `^"[0-9a-f]{32}-1"$`, *done.ETag)

	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: id.Bucket, Key: id.Key})
	require.NoError(t, err)
	assert.Equal(t, *done.ETag, *head.ETag)
	list, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: id.Bucket})
	require.NoError(t, err)
	assert.Equal(t, *done.ETag, *list.Contents[0].ETag)
	data, err := get(t, c, "big.bin", *done.ETag)
	require.NoError(t, err)
	assert.Equal(t, "part one", data)
	records := n.take(server)
	require.Len(t, records, 1)
	assert.Equal(t, "ObjectCreated:CompleteMultipartUpload", records[0].EventName)
	assert.Equal(t, *done.ETag, `"`+records[0].S3.Object.ETag+`"`)

	plain := mustPut(t, c, "big.bin", "part one")
	assert.NotEqual(t, *done.ETag, plain)
}
