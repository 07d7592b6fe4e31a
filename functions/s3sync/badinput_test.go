package main

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

// Whatever is wrong, an upload ends as deployed, or with a clear error and with what was live untouched.
func TestFunction_badInput(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(s *stage)
		says    string // in the function's log
		back    bool   // whether the message comes back
	}{
		"file that is not UTF-8": {func(s *stage) { s.upload("b.py", "import airflow.dag\nx = '\xff'\n") }, "b.py", false},
		"key with a newline":     {func(s *stage) { s.upload("a\nb.py", "") }, "control character", false},
		"everything removed": {func(s *stage) {
			_, err := s.s3.DeleteObject(s.Context(), &s3.DeleteObjectInput{Bucket: &s.dags, Key: aws.String("prod/dags/a.py")})
			require.NoError(s, err)
		}, "guard.maxDeleted", false},
		"missing bucket":         {func(s *stage) { s.dags = "no-such-bucket" }, "no-such-bucket", false},
		"denied bucket":          {func(s *stage) { s.accessKey = "AKIASTRANGER" }, "s3://", false},
		"token that is none":     {func(s *stage) { s.token = "hunter2" }, "env://TOKEN", false},
		"token of somebody else": {func(s *stage) { s.token = s.sim.Token(astrotest.TokenOptions{Deployment: "other"}) }, deployment, false},
		"token that has expired": {func(s *stage) {
			s.token = s.sim.Token(astrotest.TokenOptions{Expires: time.Now().Add(-36 * time.Hour)})
		}, "expired", false},
		"DAG deploys off":          {func(s *stage) { off := false; s.sim.Update(deployment, astrotest.Settings{IsDagDeployEnabled: &off}) }, "--dag-deploy", false},
		"unknown Deployment":       {func(s *stage) { no := false; s.sim.Update(deployment, astrotest.Settings{Exists: &no}) }, deployment, false},
		"upload URL that expires":  {func(s *stage) { s.sim.Fault(astrotest.Fault{Op: "create", ExpireUpload: true, Count: -1}) }, "upload", true},
		"201 without a version":    {func(s *stage) { s.sim.Fault(astrotest.Fault{Op: "upload", OmitVersion: true, Count: -1}) }, "x-ms-version-id", true},
		"state that is not JSON":   {func(s *stage) { s.putState("hello") }, "state.json", true},
		"state of a later version": {func(s *stage) { s.putState(`{"version": 2, "lineage": "l"}`) }, "update dagferry", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.upload("a.py", "import airflow\n")
			require.Empty(t, s.invoke(s.changed("a.py")).BatchItemFailures)
			require.Equal(t, "a.py", s.live())
			live := s.sim.Live(deployment)

			s.upload("new.py", "import airflow\n")
			tc.arrange(s)
			s.start()
			answer := s.invoke(s.changed("new.py"))
			assert.Equal(t, tc.back, len(answer.BatchItemFailures) == 1, "whether the message comes back")
			log := s.logged()
			assert.Contains(t, log, tc.says)
			if name != "unknown Deployment" {
				assert.Equal(t, live, s.sim.Live(deployment))
			}
			for _, secret := range []string{"hunter2", "sig=", s.token} {
				assert.NotContains(t, log, secret)
			}
		})
	}
}

func TestFunction_emptyPrefixAtFirst(t *testing.T) {
	s := newStage(t)
	assert.Empty(t, s.invoke(s.changed("gone.py")).BatchItemFailures)
	assert.Contains(t, s.logged(), "guard.minFiles")
	assert.Zero(t, s.deploys())
}

func TestFunction_largeDataFileIsDeployed(t *testing.T) {
	s := newStage(t)
	s.upload("a.py", "import airflow\n")
	s.upload("data.csv", strings.Repeat("1,2,3,4\n", 20<<20/8))
	assert.Empty(t, s.invoke(s.changed("data.csv")).BatchItemFailures)
	live := s.sim.Live(deployment)
	require.Len(t, live, 2)
	assert.EqualValues(t, 20<<20, live[1].Size)
}

func TestFunction_configurationWithATypoGivesTheBatchBack(t *testing.T) {
	s := newStage(t)
	s.extra = "    guards: {minFiles: 1}\n"
	_, err := s.tryInvoke(s.changed("a.py"))
	require.ErrorContains(t, err, "targets[0].guards: there is no such key")
	require.ErrorContains(t, err, "DAGFERRY_CONFIG:10")
}
