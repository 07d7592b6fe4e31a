package parse_test

import (
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse"
)

func TestCheck_pathologicalFilesEndInBoundedTime(t *testing.T) {
	deep := func(n int, open, middle, end string) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	// Processor time is what is bounded here, of all files together by what two may take: seconds are more on a busy machine.
	c, err := parse.New(parse.Options{Python: "3.9", Workers: 1, FileTimeout: time.Minute, Interpreter: interpreter(t)})
	require.NoError(t, err)
	before := ofChildren(t)
	defer func() {
		require.NoError(t, c.Close())
		assert.Less(t, ofChildren(t)-before, 2*parse.DefaultFileTimeout)
	}()
	for _, tc := range []struct{ name, contents, rule, message string }{
		{"800 KB of statements", strings.Repeat("a=1\n", 200_000), "", ""},
		{"an attribute chain", "x" + strings.Repeat(".a", 30_000), parse.RuleTooComplex, "nested too deeply"},
		{"nested brackets", deep(1_000, "(", "", ")"), parse.RuleTooComplex, "too many nested parentheses"},
		{"brackets that never close", strings.Repeat("[{(", 60), parse.RuleSyntax, "never closed"},
		{"nested lambdas", strings.Repeat("lambda:", 50_000) + "1", parse.RuleTooComplex, "nested too deeply"},
		{"a long sum", "1" + strings.Repeat("+1", 100_000), parse.RuleTooComplex, "nested too deeply"},
		{"nested f-strings", deep(50, `f"{`, "1", `}"`), parse.RuleNewer, "reusing"},
		{"a long number", "x = " + strings.Repeat("9", 100_000), parse.RuleSyntax, "4300 digits"},
		{"a megabyte of text", "x = '" + strings.Repeat("ä", 1<<19) + "'", "", ""},
		{"a long line", strings.Repeat("a + ", 100_000) + "b c", parse.RuleSyntax, "invalid syntax"},
		{"20 MB", strings.Repeat("a=1\n", 5<<20), parse.RuleTooLarge, "larger than 4 MB"},
		{"and the worker is well", "x = 1", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) { assertOnly(t, checkOne(t, c, tc.contents), tc.rule, tc.message) })
	}
}

// ofChildren is the processor time of those children of this process that have ended.
func ofChildren(t *testing.T) time.Duration {
	var used syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestCheck_memoryIsBounded(t *testing.T) {
	c := newChecker(t, parse.Options{Memory: 100 << 20, Workers: 1})
	assertOnly(t, checkOne(t, c, strings.Repeat("a=1\n", 200_000)), parse.RuleTooComplex, "more memory")
	assertOnly(t, checkOne(t, c, "x = 1"), "", "")
}

// TestCheck_text has what is wrong with the bytes of a file, and where.
func TestCheck_text(t *testing.T) {
	c := newChecker(t, parse.Options{Python: "3.11", Workers: 1})
	for _, tc := range []struct {
		name, contents, rule, message string
		line, column                  int
	}{
		{"empty", "", "", "", 0, 0},
		{"only a comment", "# nothing", "", "", 0, 0},
		{"NUL", "x = 1\ny = 'a\x00b'\n", parse.RuleEncoding, "NUL", 2, 7},
		{"unknown cookie", "#!\n# coding: foo\n", parse.RuleEncoding, "foo", 2, 1},
		{"a cookie in the third line is none", "#\n#\n# coding: foo\n", "", "", 0, 0},
		{"a codec that is not for text", "# coding: hex\n", parse.RuleEncoding, "hex", 1, 1},
		{"a cookie against the mark", "\xef\xbb\xbf# coding: latin-1\n", parse.RuleEncoding, "with BOM", 1, 0},
		{"UTF-16", "\xff\xfex\x00=\x001\x00", parse.RuleEncoding, "UTF-16", 1, 1},
		{"latin-1 without a cookie", "x = 1\n'ä\xe4'\n", parse.RuleEncoding, "0xe4 is not utf-8", 2, 3},
		{"latin-1 with one", "# coding: latin-1\ns = '\xe4'\n", "", "", 0, 0},
		{"an error after latin-1", "# coding: latin-1\ns = '\xe4' x\n", parse.RuleSyntax, "invalid syntax", 2, 9},
		{"cp1251, shift_jis, euc-kr", "# coding: cp1251\ns = '\xe4' x\n", parse.RuleSyntax, "invalid syntax", 2, 9},
		{"ASCII with one beyond", "# coding: ascii\ns = '\xe4'\n", parse.RuleEncoding, "0xe4 is not ascii", 2, 6},
		{"a surrogate", "'\xed\xa0\x80'", parse.RuleEncoding, "0xed is not utf-8", 1, 2},
		{"a surrogate, escaped", `x = '\ud800'`, "", "", 0, 0},
		{"a surrogate in a docstring, which 3.13 refuses", `'\ud800'`, "", "", 0, 0},
		{"a byte-order mark", "\xef\xbb\xbfx = = 1", parse.RuleSyntax, "invalid syntax", 1, 5},
		{"CRLF", "x = 1\r\ny =\r\n", parse.RuleSyntax, "invalid syntax", 2, 4},
		{"CR", "x = 1\ry =\rz = 1\r", parse.RuleSyntax, "invalid syntax", 2, 4},
		{"form feed", "x = 1\n\x0c\n\x0cy =\n", parse.RuleSyntax, "invalid syntax", 3, 5},
		{"tabs and spaces", "if x:\n\ty\n        z\n", parse.RuleSyntax, "inconsistent use of tabs", 3, 0},
		{"Python 2", "x = 1\nprint 'a'\n", parse.RuleSyntax, "call to 'print'", 2, 1},
		{"open at the end", "x = 1\nf(\n\n", parse.RuleSyntax, "'(' was never closed", 2, 2},
		{"a backslash at the end", "x = 1\\", parse.RuleSyntax, "unexpected EOF", 1, 0},
		{"a warning is none", "assert (x, 'y')\n'\\d'\ndef f():\n  try: pass\n  finally: return\n", "", "", 0, 0},
		{"f-string in CRLF", "x = 1\r\ny = f'''{\r\nz # c\r\n}'''\r\n", parse.RuleNewer, "a comment", 3, 3},
		{"f-string after wide characters", "# coding: utf-8\n'日本' f'{d['k']}'", parse.RuleNewer, "reusing", 2, 11},
	} {
		t.Run(tc.name, func(t *testing.T) {
			findings := checkOne(t, c, tc.contents)
			assertOnly(t, findings, tc.rule, tc.message)
			if len(findings) == 1 {
				assert.Equal(t, tc.line, findings[0].Line)
				if tc.column > 0 {
					assert.Equal(t, tc.column, findings[0].Column)
				}
			}
		})
	}
}

func TestCheck_longLineIsShownAroundTheColumn(t *testing.T) {
	c := newChecker(t, parse.Options{Workers: 1})
	findings := checkOne(t, c, strings.Repeat("日 + ", 10_000)+"b c"+strings.Repeat(" + d", 10_000))
	require.Len(t, findings, 1)
	f := findings[0]
	assert.Equal(t, 40_003, f.Column)
	assert.Less(t, len(f.Source), 1000)
	runes := []rune(f.Source)
	assert.Equal(t, '…', runes[0])
	assert.Equal(t, '…', runes[len(runes)-1])
	assert.Equal(t, "b c", string(runes[119:122]))
}

func TestCheck_slowFileIsAFinding(t *testing.T) {
	c := newChecker(t, parse.Options{FileTimeout: 50 * time.Millisecond, Workers: 1})
	check(t, newChecker(t, parse.Options{Workers: 1}), fstest.MapFS{}) // the interpreter is in memory now
	began := time.Now()
	assertOnly(t, checkOne(t, c, strings.Repeat("a=1\n", 500_000)), parse.RuleStall, "longer than 50ms")
	assert.Less(t, time.Since(began), 10*time.Second)
}

// assertOnly wants one finding of this rule, or none when the rule is empty.
func assertOnly(t *testing.T, findings []parse.Finding, rule, message string) {
	t.Helper()
	if rule == "" {
		assert.Empty(t, findings)
		return
	}
	if assert.Len(t, findings, 1) {
		assert.Equal(t, rule, findings[0].Rule)
		assert.Contains(t, findings[0].Message, message)
		assert.Equal(t, parse.Block, findings[0].Severity)
	}
}
