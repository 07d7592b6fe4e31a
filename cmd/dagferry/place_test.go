package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

func TestBelow_pathsBeginWithTheFolder(t *testing.T) {
	for _, tc := range []struct{ dir, path, want string }{
		{"dags", "a/b.py", "dags/a/b.py"},
		{"./dags/", "b.py", "dags/b.py"},
		{".", "b.py", "b.py"},
		{"../dags", "b.py", "../dags/b.py"},
		{"/srv/dags", "b.py", "/srv/dags/b.py"},
		{"/", "b.py", "/b.py"},
		{"dags", ".", "dags"},
		{"dags", "x.zip/../b.py", "dags/x.zip/../b.py"}, // a name in a zip
	} {
		before := parse.Report{Files: 1, Checked: []string{tc.path}, Findings: []parse.Finding{{Path: tc.path, Line: 2}}}
		want := parse.Report{Files: 1, Checked: []string{tc.want}, Findings: []parse.Finding{{Path: tc.want, Line: 2}}}
		assert.Equal(t, want, below(tc.dir, before))
		assert.Equal(t, tc.path, before.Findings[0].Path, "what it was given is not changed")
	}
}

func TestInRepository_isNamedFromItsRoot(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	for _, tc := range []struct{ repository, dir, want string }{
		{"", "dags", "dags"},
		{"", ".", "."},
		{"", filepath.Join(root, "a", "dags"), "a/dags"},
		{"", "../dags", filepath.Join(filepath.Dir(root), "dags")},
		{filepath.Dir(root), "dags", filepath.Join(filepath.Base(root), "dags")},
		{filepath.Join(root, "elsewhere"), "dags", filepath.Join(root, "dags")},
		{filepath.Join(root, "dag"), "dags", filepath.Join(root, "dags")},
	} {
		got, err := inRepository(tc.dir, tc.repository)
		require.NoError(t, err)
		assert.Equal(t, tc.want, got, "%+v", tc)
	}
}
