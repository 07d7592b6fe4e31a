package main

import (
	"fmt"
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

	s.upload("b.py", "import airflow.dag\n\ndef broken(:\n")
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

// Each way from the bucket to the function, of those that carry the same change.
func TestDirect_envelopes(t *testing.T) {
	bridge := func(s *stage, name string) string {
		return fmt.Sprintf(`{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","account":"1","time":"2026-01-01T00:00:00Z",`+
			`"region":"us-east-1","resources":["arn:aws:s3:::%[1]s"],"detail":{"version":"0","bucket":{"name":%[1]q},"object":{"key":"prod/dags/%[2]s"}}}`, s.dags, name)
	}
	sns := func(s *stage, name string) string {
		return fmt.Sprintf(`{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":%q}`, s.changed(name))
	}
	for way, send := range map[string]func(s *stage){
		"EventBridge":        func(s *stage) { assert.NoError(s, s.call(bridge(s, "a.py"))) },
		"EventBridge in SQS": func(s *stage) { assert.Empty(s, s.invoke(bridge(s, "a.py")).BatchItemFailures) },
		"SNS in SQS":         func(s *stage) { assert.Empty(s, s.invoke(sns(s, "a.py")).BatchItemFailures) },
		"SNS": func(s *stage) {
			assert.NoError(s, s.call(fmt.Sprintf(`{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"arn:1","Sns":%s}]}`, sns(s, "a.py"))))
		},
	} {
		t.Run(way, func(t *testing.T) {
			s := newStage(t)
			s.upload("a.py", "import airflow\n")
			send(s)
			assert.Equal(t, "a.py", s.live())
		})
	}
}
