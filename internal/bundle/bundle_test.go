package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/dagferry/dagferry/internal/bundle"
)

const tree = `
-- a.py --
print("a")
-- common/dates.py --
TODAY = 1
-- common/empty.txt --
-- sql/ü b.sql --
select 1;
`

// files are the files of a txtar archive, and their contents by path.
func files(t *testing.T, text string) ([]bundle.File, map[string][]byte) {
	t.Helper()
	var list []bundle.File
	contents := map[string][]byte{}
	for i, f := range txtar.Parse([]byte(text)).Files {
		contents[f.Name] = f.Data
		list = append(list, bundle.File{
			Path: f.Name, From: "s3://b/dags/" + f.Name, Size: int64(len(f.Data)),
			ModTime: time.Date(2026, 3, 1, 12, 0, i, 999, time.FixedZone("far", 5*3600)),
		})
	}
	require.NotEmpty(t, list)
	return list, contents
}

// gather spools files in the order given.
func gather(t *testing.T, list []bundle.File, contents map[string][]byte, order []int) *bundle.Spool {
	t.Helper()
	plan, err := bundle.NewPlan(list, bundle.Rules{})
	require.NoError(t, err)
	require.NoError(t, plan.Err())
	s, err := bundle.NewSpool(t.TempDir(), plan.In)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	for _, i := range order {
		require.NoError(t, s.Write(i, bytes.NewReader(contents[plan.In[i].Path])))
	}
	return s
}

func pack(t *testing.T, s *bundle.Spool, layout bundle.Layout) []byte {
	t.Helper()
	a, err := s.Pack(t.TempDir(), layout)
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Close()) }()
	b, err := io.ReadAll(io.NewSectionReader(a, 0, a.Size))
	require.NoError(t, err)
	require.Len(t, b, int(a.Size))
	return b
}

func TestPack_membersAreTheFiles(t *testing.T) {
	list, contents := files(t, tree)
	b := pack(t, gather(t, list, contents, []int{0, 1, 2, 3}), bundle.LayoutDags)

	z, err := gzip.NewReader(bytes.NewReader(b))
	require.NoError(t, err)
	r, names := tar.NewReader(z), []string{}
	for h, err := r.Next(); err != io.EOF; h, err = r.Next() {
		require.NoError(t, err)
		path := strings.TrimPrefix(h.Name, "dags/")
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, string(contents[path]), string(got))
		assert.Equal(t, int64(0o644), h.Mode)
		assert.Zero(t, h.Uid+h.Gid)
		assert.Equal(t, byte(tar.TypeReg), h.Typeflag)
		assert.Zero(t, h.ModTime.Nanosecond())
		assert.Equal(t, 2026, h.ModTime.Year(), "the source's time, never a constant: Python compares it with its .pyc")
		names = append(names, h.Name)
	}
	assert.Equal(t, []string{"dags/a.py", "dags/common/dates.py", "dags/common/empty.txt", "dags/sql/ü b.sql"}, names)
}

func TestPack_sameBytesWhateverTheOrder(t *testing.T) {
	list, contents := files(t, tree)
	want := pack(t, gather(t, list, contents, []int{0, 1, 2, 3}), bundle.LayoutRoot)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for i := range list {
			list[i].ModTime = list[i].ModTime.In(time.FixedZone("", int(seed)*600))
		}
		assert.Equal(t, want, pack(t, gather(t, list, contents, r.Perm(len(list))), bundle.LayoutRoot))
	}
}

func TestSpool_isAFileSystem(t *testing.T) {
	list, contents := files(t, tree)
	s := gather(t, list, contents, []int{3, 2, 1, 0})
	require.NoError(t, fstest.TestFS(s.Tree(), "a.py", "common/dates.py", "common/empty.txt", "sql/ü b.sql"))
}

func TestSpool_refusesOtherSizes(t *testing.T) {
	for _, body := range []string{"", "short", "longer than listed"} {
		s, err := bundle.NewSpool(t.TempDir(), []bundle.File{{Path: "a", From: "s3://b/a", Size: 8}})
		require.NoError(t, err)
		require.ErrorContains(t, s.Write(0, strings.NewReader(body)), "s3://b/a")
		_, err = s.Manifest(bundle.LayoutDags)
		require.ErrorContains(t, err, "not gathered")
		require.NoError(t, s.Write(0, strings.NewReader("8 bytes.")), "it may be tried again")
		require.NoError(t, s.Close())
	}
}

func TestSpool_leavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	s, err := bundle.NewSpool(dir, []bundle.File{{Path: "a", Size: 1}})
	require.NoError(t, err)
	require.NoError(t, s.Write(0, strings.NewReader("x")))
	a, err := s.Pack(dir, bundle.LayoutDags)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.NoError(t, s.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// The digest's doc comment promises that a shell says the same.
func TestDigest_shellSaysTheSame(t *testing.T) {
	list, contents := files(t, tree)
	dir := t.TempDir()
	for path, data := range contents {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), data, 0o600))
	}
	sh := exec.Command("sh", "-c", `{ printf 'dagferry manifest 1\nlayout dags\narchive tar.gz\n'
		find . -type f -printf '%P\n' | LC_ALL=C sort | while IFS= read -r f; do
		printf '%s %s dags/%s\n' "$(sha256sum <"$f" | cut -c1-64)" "$(stat -c %s "$f")" "$f"; done; } | sha256sum`)
	sh.Dir = dir
	out, err := sh.Output()
	require.NoError(t, err)

	m, err := gather(t, list, contents, []int{0, 1, 2, 3}).Manifest(bundle.LayoutDags)
	require.NoError(t, err)
	assert.Equal(t, "sha256:"+strings.Fields(string(out))[0], m.Digest())
}

func TestDigest_whatCounts(t *testing.T) {
	entry := bundle.Entry{Path: "a", Size: 1, SHA256: "00", ModTime: time.Now()}
	digest := func(layout bundle.Layout, change func(*bundle.Entry)) string {
		e := entry
		change(&e)
		return bundle.NewManifest(layout, []bundle.Entry{e}).Digest()
	}
	base := digest(bundle.LayoutDags, func(*bundle.Entry) {})
	assert.Equal(t, base, digest(bundle.LayoutDags, func(e *bundle.Entry) { e.ModTime = time.Time{} }), "times do not")
	for what, other := range map[string]string{
		"name":     digest(bundle.LayoutDags, func(e *bundle.Entry) { e.Path = "b" }),
		"size":     digest(bundle.LayoutDags, func(e *bundle.Entry) { e.Size = 2 }),
		"contents": digest(bundle.LayoutDags, func(e *bundle.Entry) { e.SHA256 = "01" }),
		"layout":   digest(bundle.LayoutRoot, func(*bundle.Entry) {}),
		"nothing":  bundle.NewManifest(bundle.LayoutDags, nil).Digest(),
	} {
		assert.NotEqual(t, base, other, what)
	}
}

func TestSince(t *testing.T) {
	e := func(path, sum string) bundle.Entry { return bundle.Entry{Path: path, SHA256: sum} }
	old := bundle.NewManifest(bundle.LayoutDags, []bundle.Entry{e("same", "1"), e("changed", "1"), e("z", "1"), e("gone", "1")})
	now := bundle.NewManifest(bundle.LayoutDags, []bundle.Entry{e("same", "1"), e("changed", "2"), e("new", "1")})
	assert.Equal(t, bundle.Diff{Added: []string{"new"}, Changed: []string{"changed"}, Removed: []string{"gone", "z"}}, now.Since(old))
}

// endless reads as n zero bytes, from no memory.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.n)
	clear(p[:n])
	e.n -= n
	return int(n), nil
}

// A bundle of 200 MB passes through: what is allocated in all stays far below what it holds.
func TestSpool_memoryIsBoundedByWhatIsInFlight(t *testing.T) {
	const files, size = 50, 4 << 20
	list := make([]bundle.File, files)
	for i := range list {
		list[i] = bundle.File{Path: fmt.Sprintf("%03d.csv", i), Size: size, ModTime: time.Unix(1, 0)}
	}
	dir := t.TempDir()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := bundle.NewSpool(dir, list)
	require.NoError(t, err)
	for i := range list {
		require.NoError(t, s.Write(i, &endless{size}))
	}
	a, err := s.Pack(dir, bundle.LayoutDags)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.NoError(t, a.Close())
	require.NoError(t, s.Close())
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(files*size/10))
}
