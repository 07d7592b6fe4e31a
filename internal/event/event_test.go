package event_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/event"
)

// text is a message as testdata writes it.
func text(m event.Message) string {
	var b strings.Builder
	for _, c := range m.Changes {
		fmt.Fprintf(&b, "%s://%s %q %s %s\n", c.Scheme, c.Bucket, c.Key, c.Name, c.Time.Format(time.RFC3339Nano))
	}
	if m.Sweep != "" {
		fmt.Fprintf(&b, "sweep %s\n", m.Sweep)
	}
	return b.String()
}

// samples are the archives of testdata by name.
func samples(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	archives := map[string]*txtar.Archive{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		archives[strings.TrimSuffix(filepath.Base(file), ".txtar")] = archive
	}
	require.Len(t, archives, 6)
	return archives
}

func TestDecode(t *testing.T) {
	for service, archive := range samples(t) {
		require.Zero(t, len(archive.Files)%2)
		for i := 0; i < len(archive.Files); i += 2 {
			in, want := archive.Files[i], string(archive.Files[i+1].Data)
			t.Run(service+"/"+in.Name, func(t *testing.T) {
				got, err := event.Decode(in.Data)
				if says, fails := strings.CutPrefix(want, "error: "); fails {
					require.ErrorIs(t, err, event.ErrUnknown)
					assert.ErrorContains(t, err, strings.TrimSpace(says))
					assert.Empty(t, got)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, want, text(got))
			})
		}
	}
}

// A new event in the SDK asks whether a run can read anything else after it.
func TestDecode_knowsEveryEventOfS3(t *testing.T) {
	nothing := []string{
		"ObjectAnnotation:Put", "ObjectAnnotation:Delete", "ObjectRetention:Put", "ObjectRestore:Post",
		"Replication:OperationFailedReplication", "Replication:OperationNotTracked",
		"Replication:OperationMissedThreshold", "Replication:OperationReplicatedAfterThreshold",
	}
	var tellNothing []string
	for _, e := range types.Event("").Values() {
		name := strings.TrimPrefix(string(e), "s3:")
		if strings.HasSuffix(name, "*") {
			continue
		}
		m, err := event.Decode(fmt.Appendf(nil, `{"Records":[{"eventSource":"aws:s3","eventName":%q,"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`, name))
		require.NoError(t, err)
		if len(m.Changes) == 0 {
			tellNothing = append(tellNothing, name)
		} else {
			assert.Equal(t, []event.Change{{Scheme: "s3", Bucket: "b", Key: "k", Name: name}}, m.Changes)
		}
	}
	assert.ElementsMatch(t, nothing, tellNothing)
}

// What EventBridge tells is a change exactly where the notification of the same is one.
func TestDecode_eventBridgeAgreesWithNotifications(t *testing.T) {
	for detailType, name := range map[string]string{
		"Object Created":               "ObjectCreated:Put",
		"Object Deleted":               "ObjectRemoved:Delete",
		"Object Restore Initiated":     "ObjectRestore:Post",
		"Object Restore Completed":     "ObjectRestore:Completed",
		"Object Restore Expired":       "ObjectRestore:Delete",
		"Object Storage Class Changed": "LifecycleTransition",
		"Object Access Tier Changed":   "IntelligentTiering",
		"Object ACL Updated":           "ObjectAcl:Put",
		"Object Tags Added":            "ObjectTagging:Put",
		"Object Tags Deleted":          "ObjectTagging:Delete",
	} {
		const object = `{"bucket":{"name":"b"},"object":{"key":"k"}}`
		notified, err := event.Decode(fmt.Appendf(nil, `{"Records":[{"eventSource":"aws:s3","eventName":%q,"s3":%s}]}`, name, object))
		require.NoError(t, err)
		bridged, err := event.Decode(fmt.Appendf(nil, `{"source":"aws.s3","detail-type":%q,"detail":%s}`, detailType, object))
		require.NoError(t, err)
		assert.Len(t, bridged.Changes, len(notified.Changes), detailType)
		for _, c := range bridged.Changes {
			assert.Equal(t, event.Change{Scheme: "s3", Bucket: "b", Key: "k", Name: detailType}, c)
		}
	}
}

func TestDecode_envelopesInEnvelopes(t *testing.T) {
	body := event.SweepMessage("prod")
	for depth := range 11 {
		m, err := event.Decode(body)
		switch {
		case depth <= 3:
			require.NoError(t, err)
			assert.Equal(t, "prod", m.Sweep)
		default:
			require.ErrorIs(t, err, event.ErrUnknown, "%d", depth)
			assert.ErrorContains(t, err, "inside of more than 3 others")
		}
		body, err = json.Marshal(map[string]string{"Type": "Notification", "TopicArn": "t", "Message": string(body)})
		require.NoError(t, err)
	}
}

func TestSweepMessage_isDecoded(t *testing.T) {
	assert.JSONEq(t, `{"dagferry": {"sweep": "prod"}}`, string(event.SweepMessage("prod")))
	m, err := event.Decode(event.SweepMessage(`pr"od`))
	require.NoError(t, err)
	assert.Equal(t, `pr"od`, m.Sweep)
}

func TestTouches(t *testing.T) {
	c := event.Change{Scheme: "s3", Bucket: "b", Key: "dags/x.py"}
	assert.True(t, c.Touches("s3", "b", "dags/"))
	assert.True(t, c.Touches("s3", "b", ""))
	assert.False(t, c.Touches("gs", "b", "dags/"), "another store's bucket of the same name")
	assert.False(t, c.Touches("s3", "b", "dags2/"))
	assert.False(t, c.Touches("s3", "other", "dags/"))
	assert.False(t, event.Change{Scheme: "s3", Bucket: "b", Key: "dags2/x.py"}.Touches("s3", "b", "dags/"))
}

func FuzzDecode(f *testing.F) {
	for _, archive := range samples(f) {
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := event.Decode(body)
		if err != nil {
			require.ErrorIs(t, err, event.ErrUnknown)
			require.Empty(t, m)
		}
		for _, c := range m.Changes {
			require.Contains(t, []string{"s3", "gs"}, c.Scheme)
			require.NotEmpty(t, c.Bucket)
			require.NotEmpty(t, c.Key)
		}
	})
}

// BenchmarkDecode is for a notification of S3 in a message of SQS, the one that functions get most.
func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-03-01T12:00:00.000Z",` +
		`"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"A"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},"s3":{"s3SchemaVersion":"1.0",` +
		`"configurationId":"dags","bucket":{"name":"acme-dags","ownerIdentity":{"principalId":"A"},"arn":"arn:aws:s3:::acme-dags"},` +
		`"object":{"key":"prod/dags/a%2Bb+c.py","size":3990,"eTag":"d41d8cd98f00b204e9800998ecf8427e","sequencer":"0055AED6DCD90281E5"}}}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := event.Decode(body)
		require.NoError(b, err)
	}
}
