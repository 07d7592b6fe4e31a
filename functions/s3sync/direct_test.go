package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call invokes the function itself, as S3, SNS, EventBridge and the scheduler do.
func (s *stage) call(payload string) error {
	s.Helper()
	if s.function == nil {
		s.start()
	}
	_, err := s.function.Invoke(s.Context(), []byte(payload))
	return err
}

func TestDirect(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	require.NoError(t, s.call(s.changed("a.py")))
	assert.Equal(t, "a.py", s.live())

	s.upload("b.py", "def broken(:\n")
	require.NoError(t, s.call(s.changed("b.py")), "a rejection was told: Lambda's retries would not help")
	assert.Equal(t, "a.py", s.live())

	s.upload("b.py", "X = 1\n")
	require.NoError(t, s.call(sweep()))
	assert.Equal(t, "a.py b.py", s.live())

	require.ErrorContains(t, s.call(`{"hello": "world"}`), "unknown event", "Lambda keeps it for a destination on failure")
}

// Lambda would repeat the event twice and drop it, so it waits here for the run that is at work.
func TestDirect_busyWaits(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	s.lease(8 * time.Second)
	require.NoError(t, s.call(s.changed("a.py")))
	assert.Equal(t, "a.py", s.live())
}
