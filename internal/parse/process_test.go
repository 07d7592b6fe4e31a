package parse

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/parse/embedded"
)

func realChecker(t testing.TB, o Options) *Checker {
	path, err := embedded.Interpreter()
	require.NoError(t, err)
	o.Interpreter, o.Workers = path, 1
	c, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c
}

var oneFile = fstest.MapFS{"a.py": {Data: []byte("x = = 1 # airflow dag\n")}}

func TestWorker_getsNothingOfItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	t.Setenv("TOKEN_OF_THE_TEST", "secret")
	leaked, err := syscall.Dup(1) // without close-on-exec, as a parent's parent may leave one
	require.NoError(t, err)
	defer syscall.Close(leaked)

	c := realChecker(t, Options{})
	_, err = c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	proc := "/proc/" + strconv.Itoa(c.workers.all[0].now.cmd.Process.Pid)

	environ, err := os.ReadFile(proc + "/environ")
	require.NoError(t, err)
	assert.Empty(t, string(environ))
	descriptors, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	var names []string
	for _, d := range descriptors {
		names = append(names, d.Name())
	}
	assert.Equal(t, []string{"0", "1", "2"}, names)
	cwd, err := os.Readlink(proc + "/cwd")
	require.NoError(t, err)
	assert.Equal(t, "/", cwd)
	limits, err := os.ReadFile(proc + "/limits")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"Max address space": strconv.Itoa(DefaultMemory), "Max open files": "16", "Max file size": "0", "Max core file size": "0", "Max processes": "0",
	} {
		assert.Equal(t, want, softLimit(string(limits), name), name)
	}
	assert.NotEqual(t, "unlimited", softLimit(string(limits), "Max cpu time"))
}

func softLimit(limits, name string) string {
	_, rest, _ := strings.Cut(limits, name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

func TestWorker_killedBetweenFilesIsStartedAgain(t *testing.T) {
	c := realChecker(t, Options{})
	first, err := c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	require.NoError(t, c.workers.all[0].now.cmd.Process.Kill())
	c.verdicts = verdicts{}
	second, err := c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestCheck_whatIsKnownIsNotParsedAgain(t *testing.T) {
	c := realChecker(t, Options{})
	first, err := c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	c.workers.all[0].path = "/nowhere/python"
	c.workers.all[0].end()
	second, err := c.Check(t.Context(), fstest.MapFS{"other.py": oneFile["a.py"]})
	require.NoError(t, err)
	require.Len(t, second.Findings, 1)
	assert.Equal(t, "other.py", second.Findings[0].Path)
	assert.Equal(t, first.Findings[0].Message, second.Findings[0].Message)
}

func TestCheck_interpreterThatIsSilentIsNoFinding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silent")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	w := newWorker(Options{Interpreter: path, FileTimeout: time.Second}, 0)
	w.hello = 100 * time.Millisecond
	_, err := w.ask(t.Context(), nil)
	require.ErrorContains(t, err, "start interpreter")
	require.NotErrorIs(t, err, errStalled)
	assert.Equal(t, fault.Denied, fault.Of(err))
}

func TestClose_endsTheProcess(t *testing.T) {
	c := realChecker(t, Options{})
	_, err := c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	p := c.workers.all[0].now
	require.NoError(t, c.Close())
	assert.NotNil(t, p.cmd.ProcessState, "it was waited for")
	_, err = c.Check(t.Context(), fstest.MapFS{"a.py": {}})
	require.ErrorIs(t, err, errClosed)
}

// script makes an interpreter of a shell script, which begins by saying hello.
func script(t *testing.T, body string) string {
	_, err := exec.LookPath("sh")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "python")
	hello := `printf '\000\000\000\026{"python": [3, 14, 6]}'` + "\n"
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+hello+body+"\n"), 0o700))
	return path
}

func TestCheck_fileThatKillsTheWorkerIsAFinding(t *testing.T) {
	for _, tc := range []struct{ name, body, rule, message string }{
		{"a signal", `head -c 30 >/dev/null; kill -SEGV $$`, RuleCrash, "signal: segmentation fault"},
		{"an exit, with its last words", `head -c 30 >/dev/null; echo one >&2; echo 'Fatal Python error: oops' >&2; exit 3`, RuleCrash, "exit status 3: Fatal Python error: oops"},
		{"garbage", `exec cat /dev/zero`, RuleCrash, "decode answer"},
		{"a length that is none", `printf '\377\377\377\377'; exec sleep 60`, RuleCrash, "4294967295"},
		{"half an answer", `head -c 30 >/dev/null; printf '\000\000\000\377[{'`, RuleCrash, "EOF"},
		{"an answer that is none", `printf '\000\000\000\004true'; exec sleep 60`, RuleCrash, "decode answer"},
		{"silence", `exec sleep 60`, RuleStall, "longer than 300ms"},
		{"silence, with a child that holds the pipes", `sleep 60`, RuleStall, "longer than 300ms"},
		{"a flood of errors, and silence", `cat /dev/zero >&2`, RuleStall, "longer than 300ms"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := New(Options{Interpreter: script(t, tc.body), FileTimeout: 300 * time.Millisecond, Workers: 1})
			require.NoError(t, err)
			began := time.Now()
			report, err := c.Check(t.Context(), oneFile)
			require.NoError(t, err)
			require.NoError(t, c.Close())
			require.Len(t, report.Findings, 1)
			assert.Equal(t, tc.rule, report.Findings[0].Rule)
			assert.Contains(t, report.Findings[0].Message, tc.message)
			assert.True(t, report.Blocked())
			assert.Less(t, time.Since(began), 20*time.Second)
		})
	}
}

func TestCheck_crashThatDoesNotComeAgainIsNone(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "was-here")
	body := `head -c 30 >/dev/null; if [ -e ` + mark + ` ]; then printf '\000\000\000\002{}'; exec sleep 60; fi; : >` + mark + `; kill -KILL $$`
	c, err := New(Options{Interpreter: script(t, body), Workers: 1})
	require.NoError(t, err)
	report, err := c.Check(t.Context(), oneFile)
	require.NoError(t, err)
	assert.Empty(t, report.Findings)
	require.NoError(t, c.Close())
}

// A worker that is asked about several files at once and dies is asked about each alone.
func TestCheck_otherFilesGoOnAfterACrash(t *testing.T) {
	asked := filepath.Join(t.TempDir(), "asked")
	body := `number() { head -c 4 | tail -c 1 | od -An -tu1; }
		while count=$(number) && [ -n "$count" ]; do
			echo $count >>` + asked + `
			for _ in $(seq $count); do size=$(number); [ "$size" -eq 9 ] && exit 1; head -c $size >/dev/null; done
			for _ in $(seq $count); do printf '\000\000\000\002{}'; done
		done`
	c, err := New(Options{Interpreter: script(t, body), Workers: 1})
	require.NoError(t, err)
	tree := fstest.MapFS{}
	for i := range 12 {
		tree[fmt.Sprintf("%02d.py", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "x = %d", 10+i)}
	}
	tree["04.py"] = &fstest.MapFile{Data: []byte("123456789")}
	report, err := c.Check(t.Context(), tree)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.Equal(t, 12, report.Files)
	require.Len(t, report.Findings, 1)
	assert.Equal(t, "04.py", report.Findings[0].Path)
	log, err := os.ReadFile(asked)
	require.NoError(t, err)
	assert.Equal(t, strings.Fields("3 3 1 1 1 1 1 1 1 1 1 1"), strings.Fields(string(log)), "04.py is asked about again, for it may not have been to blame")
}

func TestCheck_interpreterThatDoesNotWorkIsTheOperators(t *testing.T) {
	for name, path := range map[string]string{"missing": "/nowhere/python", "no Python": "/bin/true"} {
		t.Run(name, func(t *testing.T) {
			c, err := New(Options{Interpreter: path})
			if err == nil {
				_, err = c.Check(t.Context(), oneFile)
				require.NoError(t, c.Close())
			}
			require.Error(t, err)
			assert.Equal(t, fault.Denied, fault.Of(err))
			assert.ErrorContains(t, err, path)
		})
	}
}

func TestTail_keepsTheEnd(t *testing.T) {
	var end tail
	for range 1000 {
		_, _ = end.Write([]byte(strings.Repeat("x", 100) + "\n"))
	}
	_, _ = end.Write([]byte("the \x1b[31mlast\n"))
	assert.Equal(t, "the \uFFFD[31mlast", end.last())
	assert.LessOrEqual(t, len(end.data), maxTail)
}
