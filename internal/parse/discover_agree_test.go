package parse

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var listings = flag.Uint64("listings", 60, "how many trees to ask each Airflow about (make agree: 600)")

// TestDiscover_agreesWithAirflow asks real Airflows which files of seeded random trees they would read.
func TestDiscover_agreesWithAirflow(t *testing.T) {
	for _, version := range []string{"2.11.2", "3.3.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			airflow := startListing(t, version)
			c := realChecker(t, Options{Airflow: version, Workers: 1})
			processor := &Checker{target: c.target, exclude: c.exclude}
			processor.target.upperCase = false // it passes over what a DagBag reads from 3.3 on
			files, read, failed := 0, 0, 0
			for seed := range *listings {
				dir := t.TempDir()
				plantTree(t, dir, rand.New(rand.NewPCG(seed, 7)), version[0] == '2')
				theirs := airflow.list(t, dir)
				ours, unread := listAsAirflow(t, c, os.DirFS(dir))
				files += len(ours) + len(unread)
				if theirs.Error != "" {
					failed++
					require.Contains(t, unread["."], "Airflow finds no DAGs at all", "seed %d: %s\n%s", seed, theirs.Error, ignoreFilesOf(t, dir))
					continue
				}
				require.Empty(t, unread["."], "seed %d: %s", seed, ignoreFilesOf(t, dir))
				read += len(ours)
				require.Equal(t, theirs.DagBag, ours, "seed %d: %v\n%s", seed, unread, ignoreFilesOf(t, dir))
				ours, _ = listAsAirflow(t, processor, os.DirFS(dir))
				require.Equal(t, theirs.Processor, ours, "seed %d", seed)
			}
			t.Logf("Airflow %s: %d trees with %d files, %d of them read; on %d trees it fails, and so do we", version, *listings, files, read, failed)
			assert.Positive(t, read)
		})
	}
}

// listAsAirflow is what we say Airflow would read, and why not the others; "." tells why it reads nothing.
func listAsAirflow(t *testing.T, c *Checker, tree fs.FS) (read []string, unread map[string]string) {
	found, err := c.discover(t.Context(), tree)
	require.NoError(t, err)
	unread = map[string]string{}
	read = []string{}
	for _, f := range found.files {
		data, err := fs.ReadFile(tree, f.path)
		require.NoError(t, err)
		if why := c.target.unread(f, lookAt(data)); why != "" {
			unread[f.path] = why
		} else {
			read = append(read, f.path)
		}
	}
	for _, f := range found.wrong {
		if f.spared == "" {
			unread["."] += f.Message
		}
	}
	slices.Sort(read)
	return read, unread
}

// listing is a process of a real Airflow that answers which files it would read.
type listing struct {
	in  io.Writer
	out *bufio.Reader
}

type listed struct {
	Processor, DagBag []string
	Error             string
}

func startListing(t *testing.T, version string) listing {
	python, err := filepath.Abs(filepath.Join("..", "..", ".cache", "venv", "airflow-plain-"+version, "bin", "python"))
	require.NoError(t, err)
	_, err = os.Stat(python)
	require.NoError(t, err, "run `make tools`")
	cmd := exec.Command(python, "-B", filepath.Join("testdata", "airflow", "list.py"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("%v\n%s", err, stderr.String()[max(stderr.Len()-2000, 0):])
		}
	})
	return listing{in, bufio.NewReader(out)}
}

func (l listing) list(t *testing.T, dir string) (answer listed) {
	require.NoError(t, json.NewEncoder(l.in).Encode(map[string]string{"dir": dir}))
	line, err := l.out.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &answer))
	slices.Sort(answer.Processor)
	slices.Sort(answer.DagBag)
	return answer
}

func ignoreFilesOf(t *testing.T, dir string) string {
	var b strings.Builder
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() == ignoreFile {
			text, _ := fs.ReadFile(os.DirFS(dir), name)
			b.WriteString("-- " + name + " --\n" + strings.ReplaceAll(string(text), "\n", "|\n"))
		}
		return err
	}))
	return b.String()
}

// plantTree writes a random tree with random ignore files and odd contents.
func plantTree(t *testing.T, dir string, r *rand.Rand, regexps bool) {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	folders := []string{""}
	for range r.IntN(8) {
		folders = append(folders, filepath.Join(pick(folders), pick(folderNames)))
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folders[len(folders)-1]), 0o755))
	}
	for range 8 + r.IntN(25) {
		name := filepath.Join(dir, pick(folders), pick(stems)+pick(suffixes))
		if r.IntN(12) == 0 {
			_ = os.Symlink(pick([]string{"abc.py", "nowhere", "b.zip", "ab.txt"}), name)
			continue
		}
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		require.NoError(t, os.WriteFile(name, randomContents(r), 0o600))
	}
	for _, folder := range folders {
		if r.IntN(3) == 0 || folder != "" && r.IntN(2) == 0 {
			continue
		}
		lines := make([]string, 1+r.IntN(5))
		for i := range lines {
			lines[i] = randomLine(r, regexps)
		}
		text := strings.Join(lines, pick([]string{"\n", "\n", "\n", "\r\n", "\r"}))
		require.NoError(t, os.WriteFile(filepath.Join(dir, folder, ignoreFile), []byte(text), 0o600))
	}
}

var (
	folderNames = []string{"a", "b", "ab", "common", "a.py", "x y", "[a]", "A", "日本", ".hidden", "a-b"}
	stems       = []string{"a", "b", "ab", "abc", "x y", "[a]", "A", "", ".", "a.b", "日本", "a+b", "a-b", "{a}", "!a", "#a", "a\\b", "]", "a$"}
	suffixes    = []string{".py", ".py", ".py", ".py", ".PY", ".Py", ".pyc", ".zip", ".ZIP", ".txt", ".jar", "", ".py.bak", ".", ".py "}
)

func randomContents(r *rand.Rand) []byte {
	texts := []string{
		"", "import airflow\ndag = 1\n", "from AIRFLOW import DAG", "airflow", "dag", "asset airflow", "aIrFlOw aSsEt", "air\nflow dag", "dagairflow",
		"# dag airflow\ndef (", "a\x00irflow dag", "AİRFLOW dag", "\xff\xfeairflow dag", "PK\x05\x06", "d\na\ng airflow", "Airflow Dags", "airflow as set",
	}
	text := texts[r.IntN(len(texts))]
	switch r.IntN(9) {
	case 0:
		return zipWith(text, "")
	case 1:
		return zipWith(text, "a comment")
	case 2:
		return append([]byte("#!/bin/sh\n"), zipWith(text, "")...)
	case 3:
		return append(zipWith(text, ""), strings.Repeat("\n", r.IntN(3)*40_000)...)
	case 4:
		data := zipWith(text, "")
		return data[:len(data)-1-r.IntN(30)]
	}
	return []byte(text)
}

func zipWith(text, comment string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_ = w.SetComment(comment)
	member, _ := w.Create("a.py")
	_, _ = member.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

var (
	globAtoms = []string{
		"a", "b", "ab", "*", "**", "?", "*.py", "a*", "[ab]", "[!a]", "[^b]*", "[]a]", "[a-c]", "[[:alpha:]]", "[+-9]", "{a,b}", "x y", `x\ y`, "*.zip", "***",
		"a**", "**b", `\[a]`, "[a-]", `[\]]`, "?*", "[!/]b", "common", "日本", "A", ".*", "a.py", "*.*", "!a", `\!a`, "a+b", "a$", `a\\b`, "[a", "[z-a]", `a\`, "[--0]", "^a", "(a|b)", "",
	}
	regexpAtoms = []string{
		"a", "b", "ab", ".", ".*", "^", "$", `\.py`, `\.py$`, "a+", "[ab]", "[^a]", "[[:alpha:]]+", "x y", "(a|b)", "(?i)A", "common/", "/a", "日本", `\d`, `\w+`, `\bab\b`, "a{1,2}", "a{1001}",
		`\pL`, "(?=a)", "(a", "[a", "*", `\`, `\1`, "(?P<n>a)", `\Qa+b\E`, `\x61`, `\z`, `\Z`, `\A`, `\h`, `[[:word:]]`, "a**", "a*?", "[z-a]", `\/`, "", "#", "|", `\s`, `(?-s).`, "(?<n>b)", `\v`, `[\d-z]`,
	}
	endings = []string{"", "", "", "", " ", "  # a comment", "#x", "\t", " \v# y", "\\ ", "/", "\u00a0", "\x1f#", "\f#"}
)

func randomLine(r *rand.Rand, regexps bool) string {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	var b strings.Builder
	if regexps {
		for range 1 + r.IntN(3) {
			b.WriteString(pick(regexpAtoms))
		}
		return b.String() + pick(endings)
	}
	b.WriteString(pick([]string{"", "", "", "", "!", "!", "/", "!/", "**/", " "}))
	for i := range 1 + r.IntN(3) {
		if i > 0 && r.IntN(2) == 0 {
			b.WriteByte('/')
		}
		atom := pick(globAtoms)
		if fatalGlobs[atom] && r.IntN(10) > 0 { // or else most trees would only tell that Airflow fails
			atom = "a"
		}
		b.WriteString(atom)
	}
	return b.String() + pick([]string{"", "", "", "/", "/**"}) + pick(endings)
}

var fatalGlobs = map[string]bool{`a\`: true, "[z-a]": true, "": true}
