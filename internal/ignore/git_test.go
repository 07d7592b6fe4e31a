package ignore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/ignore"
)

// TestRules_agreeWithGit asks git check-ignore about seeded random trees with ignore files at several depths.
func TestRules_agreeWithGit(t *testing.T) {
	_, err := exec.LookPath("git")
	require.NoError(t, err)
	for seed := range uint64(300) {
		w := newWorld(seed)
		dir := w.write(t)
		var rules ignore.Rules
		for base, lines := range w.ignoreFiles {
			require.NoError(t, rules.Add(base, lines))
		}
		var ours []string
		for _, f := range w.files {
			if _, ignored := rules.Match(f); ignored {
				ours = append(ours, f)
			}
		}
		require.Equalf(t, askGit(t, dir, w.files), ours, "seed %d, rules %q", seed, w.ignoreFiles)
	}
}

// TestParse_whatIsAnErrorMatchesNothingInGit: an error may not hide a pattern that git understands.
func TestParse_whatIsAnErrorMatchesNothingInGit(t *testing.T) {
	_, err := exec.LookPath("git")
	require.NoError(t, err)
	w := world{files: []string{"foo", "[a-", "[", "xa", `foo\`, "a/b", "[[:word:]]", "w"}, ignoreFiles: map[string][]string{
		"": {`[a-`, `[`, `x[!a`, `[[:word:]]`, `foo\`, `a[/]b`, "/", "!", "!/"},
	}}
	require.Empty(t, askGit(t, w.write(t), w.files))
}

type world struct {
	files       []string
	ignoreFiles map[string][]string
}

// literalThenStars are patterns that git gets wrong: it cuts off what comes before the first special character, and
// then takes the two stars for those at the beginning of a segment, so that "a**/b.py" matches "ab.py".
var literalThenStars = regexp.MustCompile(`^!?/?[^*?[\\]*[^*?[\\/!]\*\*+(/|\s*$)`)

func newWorld(seed uint64) world {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"a", "b", "ab", "a.py", "b.py", "abc.txt", "x y", "{a,b}", "[a]", "ba", "-", "]"}
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	w := world{ignoreFiles: map[string][]string{}}
	dirs := map[string]bool{"": true}
	for range 60 {
		var parts []string
		for range 1 + r.IntN(4) {
			parts = append(parts, pick(names))
		}
		w.files = append(w.files, strings.Join(parts, "/"))
	}
	slices.Sort(w.files)
	w.files = slices.Compact(w.files)
	w.files = slices.DeleteFunc(w.files, func(f string) bool { // what is also a directory
		return slices.ContainsFunc(w.files, func(g string) bool { return strings.HasPrefix(g, f+"/") })
	})
	for _, f := range w.files {
		for d := filepath.Dir(f); d != "."; d = filepath.Dir(d) {
			dirs[d] = true
		}
	}
	for d := range dirs {
		if d == "" || seed%3 == 0 && strings.Count(d, "/") == 0 && len(d)%2 == 1 {
			w.ignoreFiles[d] = nil
		}
	}
	bases := []string{}
	for d := range w.ignoreFiles {
		bases = append(bases, d)
	}
	slices.Sort(bases)
	for _, d := range bases {
		for range 1 + r.IntN(6) {
			if p := randomPattern(r); !literalThenStars.MatchString(p) {
				w.ignoreFiles[d] = append(w.ignoreFiles[d], p)
			}
		}
	}
	return w
}

func randomPattern(r *rand.Rand) string {
	atoms := []string{
		"a", "b", "ab", "*", "**", "?", "*.py", "a*", "[ab]", "[!a]", "[^b]*", "[]a]", "[a-c]", "[[:alpha:]]", "[[:punct:]]*",
		"{a,b}", "x y", `x\ y`, "*.txt", "***", "a**", "**b", `\[a]`, "[--0]", "[a-]", `[\]]`, "?*", "[!/]b",
	}
	var b strings.Builder
	if r.IntN(4) == 0 {
		b.WriteByte('!')
	}
	if r.IntN(5) == 0 {
		b.WriteByte('/')
	}
	for i := range 1 + r.IntN(3) {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(atoms[r.IntN(len(atoms))])
		if r.IntN(4) == 0 {
			b.WriteString(atoms[r.IntN(len(atoms))])
		}
	}
	if r.IntN(5) == 0 {
		b.WriteByte('/')
	}
	b.WriteString(strings.Repeat(" ", r.IntN(5)/4))
	return b.String()
}

func (w world) write(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o755))
	for _, f := range w.files {
		name := filepath.Join(dir, f)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	for base, lines := range w.ignoreFiles {
		name := filepath.Join(dir, base, ".gitignore")
		require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	for name, text := range map[string]string{
		"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n", "objects/x": "", "refs/x": "",
	} {
		file := filepath.Join(dir, ".git", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

func askGit(t *testing.T, dir string, files []string) []string {
	cmd := exec.Command("git", "-c", "core.excludesFile=", "check-ignore", "-z", "--stdin", "--no-index")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	cmd.Stdin = strings.NewReader(strings.Join(files, "\x00") + "\x00")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!asExit(err, &exit) || exit.ExitCode() != 1) { // 1: nothing is ignored
		require.NoError(t, fmt.Errorf("git check-ignore: %w: %s", err, stderr.String()))
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // as it came from exec
	*exit = e
	return ok
}
