package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// airflow is where make tools puts the files of an Airflow.
func airflow(t *testing.T, version string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "venv", "airflow-plain-"+version, "lib/python3.11/site-packages/airflow/example_dags"))
	require.NoError(t, err)
	_, err = os.Stat(dir)
	require.NoError(t, err, "run `make tools`")
	return dir
}

// folder is every file below a directory but for compiled ones, which are left out by default.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".pyc") {
			return err
		}
		body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		files[path] = body
		return err
	}))
	return files
}

// monorepo is what a company keeps in one prefix: teams with packages, SQL, settings, notebooks and zips, and names
// that are odd and legal.
func monorepo(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{".airflowignore": []byte("team_[0-9]+/lib/.*\n")}
	for team := range 50 {
		dir := fmt.Sprintf("team_%02d/", team)
		files[dir+"lib/__init__.py"] = nil
		files[dir+"lib/settings.yaml"] = []byte(fmt.Sprintf("team: %d\nschedule: '@daily'\n", team))
		files[dir+"notebooks/explore.ipynb"] = []byte(`{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`)
		files[dir+"packaged.zip"] = zipped(t, "inside.py", fmt.Sprintf("from airflow import DAG\nTEAM = %d\n", team))
		for i := range 46 {
			files[fmt.Sprintf("%sdags/etl_%02d.py", dir, i)] = []byte(fmt.Sprintf(
				"from __future__ import annotations\nfrom airflow.sdk import DAG\n\nwith DAG(dag_id='team_%d_etl_%d', schedule='@hourly'):\n    pass\n", team, i))
			files[fmt.Sprintf("%ssql/query_%02d.sql", dir, i)] = []byte(fmt.Sprintf("select %d, '%s'\n", i, strings.Repeat("x", i)))
		}
		for i := range 4 {
			files[fmt.Sprintf("%slib/helper_%d.py", dir, i)] = []byte(fmt.Sprintf("def f():\n    return '%d, größer'\n", i))
		}
	}
	for i, name := range []string{
		"größe/überblick.py", "日本語/データ.py", "emoji_🚀.py", "with space.py", "a+b.py", "100%.py", "quote's.py", `double"quote.py`,
		"semi;colon.py", "hash#tag.py", "ampers&and.py", "question?.py", "equals=.py", "dollar$.py", "at@home.py", "tilde~.py",
		"(brackets)[x]{y}.py", "comma,.py", "pipe|.py", "star*.py", "less<more>.py", "caret^`.py", ".hidden.py", "-dash.py", "no_suffix",
		"e\u0301.py", "\u00e9.py", "UPPER.py", "upper.py", strings.Repeat("long/", 40) + "x.py",
	} {
		files["odd/"+name] = []byte(fmt.Sprintf("NUMBER = %d\n", i))
	}
	return files
}

func zipped(t *testing.T, name, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	require.NoError(t, err)
	_, err = f.Write([]byte(body))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// What people really have goes through the built function and is what the Deployment gets, byte for byte.
func TestFunction_realInput(t *testing.T) {
	for _, c := range []struct {
		name, airflow string
		files         map[string][]byte
	}{
		{"Airflow 2's examples", "2.11", folder(t, airflow(t, "2.11.2"))},
		{"Airflow 3's examples", "3.3", folder(t, airflow(t, "3.3.2"))},
		{"a monorepo", "3.1", monorepo(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.airflow = c.airflow
			var group errgroup.Group
			group.SetLimit(16)
			want := map[string]string{}
			for path, body := range c.files {
				sum := sha256.Sum256(body)
				want[path] = hex.EncodeToString(sum[:])
				group.Go(func() error {
					_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
						Bucket: &s.dags, Key: aws.String("prod/dags/" + path), Body: bytes.NewReader(body),
					})
					return err
				})
			}
			require.NoError(t, group.Wait())
			assert.Empty(t, s.invoke(s.changed("any.py")).BatchItemFailures)
			got := map[string]string{}
			for _, f := range s.sim.Live(deployment) {
				got[f.Path] = f.SHA256
			}
			t.Logf("%d files", len(want))
			require.NotEmpty(t, want)
			assert.Equal(t, want, got)
			assert.Empty(t, s.last().Findings)
			assert.Positive(t, s.interpreters(), "a warm function keeps its interpreter")
		})
	}
}
