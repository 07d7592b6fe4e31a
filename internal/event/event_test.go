package event_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/event"
)

// text is a message as testdata writes it.
func text(m event.Message) string {
	var b strings.Builder
	for _, c := range m.Changes {
		fmt.Fprintf(&b, "%s %s %s %s\n", c.Bucket, c.Key, c.Name, c.Time.Format(time.RFC3339Nano))
	}
	if m.Sweep != "" {
		fmt.Fprintf(&b, "sweep %s\n", m.Sweep)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/s3.txtar")
	require.NoError(t, err)
	require.Zero(t, len(archive.Files)%2)
	for i := 0; i < len(archive.Files); i += 2 {
		in, want := archive.Files[i], string(archive.Files[i+1].Data)
		t.Run(in.Name, func(t *testing.T) {
			got, err := event.Decode(in.Data)
			if says, fails := strings.CutPrefix(want, "error: "); fails {
				require.ErrorIs(t, err, event.ErrUnknown)
				assert.ErrorContains(t, err, strings.TrimSpace(says))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, want, text(got))
		})
	}
}

func TestSweepMessage_isDecoded(t *testing.T) {
	m, err := event.Decode(event.SweepMessage(`pr"od`))
	require.NoError(t, err)
	assert.Equal(t, `pr"od`, m.Sweep)
}

func TestTouches(t *testing.T) {
	c := event.Change{Bucket: "b", Key: "dags/x.py"}
	assert.True(t, c.Touches("b", "dags/"))
	assert.True(t, c.Touches("b", ""))
	assert.False(t, c.Touches("b", "dags2/"))
	assert.False(t, c.Touches("other", "dags/"))
	assert.False(t, event.Change{Bucket: "b", Key: "dags2/x.py"}.Touches("b", "dags/"))
}

func FuzzDecode(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/s3.txtar")
	require.NoError(f, err)
	for _, file := range archive.Files {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := event.Decode(body)
		if err != nil {
			require.ErrorIs(t, err, event.ErrUnknown)
			require.Empty(t, m)
		}
		for _, c := range m.Changes {
			require.NotEmpty(t, c.Bucket)
			require.NotEmpty(t, c.Key)
		}
	})
}
