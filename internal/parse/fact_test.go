package parse

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeAnswer_whatNoWorkerSays(t *testing.T) {
	for _, answer := range []string{
		`{}`, `[1]`, `[{"rule": "other"}]`, `[{"rule": "DF101", "line": -1}]`, `[{"rule": "DF101", "shown": 2, "source": "x"}]`,
		`[{"rule": "DF101", "line": 1e99}]`, `[` + strings.Repeat(`{"rule": "DF101"},`, 100) + `{"rule": "DF101"}]`, ``,
	} {
		_, err := decodeAnswer([]byte(`{"facts": ` + answer + `}`))
		assert.ErrorContains(t, err, "decode answer", answer)
	}
	for _, imports := range []string{
		`{}`, `[1]`, `["a"]`, `["-1 a"]`, `["2147483648 a"]`, `["0 "]`, `["0 a/b"]`, `["0 a\\b"]`, `["0 a\u0000"]`,
		`["0 a"` + strings.Repeat(`, "0 a"`, maxImports) + `]`, `["0 ` + strings.Repeat("a", maxImportLetters+1) + `"]`,
	} {
		_, err := decodeAnswer([]byte(`{"imports": ` + imports + `}`))
		assert.ErrorContains(t, err, "decode answer", imports[:min(len(imports), 30)])
	}
	for _, calls := range []string{`[""]`, `["0"]`, `["256 a"]`, `["0 a b"]`, `["0 a b:"]`, `["0 a b:-1"]`, `["0 a  b:1"]`} {
		_, err := decodeAnswer([]byte(`{"calls": ` + calls + `}`))
		assert.ErrorContains(t, err, "decode answer", calls)
	}
	said, err := decodeAnswer([]byte(`{"imports": ["181 a:b"], "calls": ["2 a.B c:45 d:46"], "dags": ["7 an id"]}`))
	require.NoError(t, err)
	assert.Equal(t, []note{{45<<2 | at(loop), "a:b"}}, said.Imports)
	assert.Equal(t, []call{{"a.B", later, []named{{"c", 45}, {"d", 46}}}}, said.Calls)
	assert.Equal(t, []named{{"an id", 7}}, said.Dags)
}

func TestDecodeAnswer_nothingSteersATerminal(t *testing.T) {
	said, err := decodeAnswer([]byte(`{"facts": [{"rule": "DF101", "message": "a\u001b[2J", "source": "\tx\u202ey\u0000\n"}]}`))
	require.NoError(t, err)
	facts := said.Facts
	assert.Equal(t, "a\uFFFD[2J", facts[0].Message)
	assert.Equal(t, "\tx\uFFFDy\uFFFD\uFFFD", facts[0].Source)
}

func FuzzDecodeAnswer(f *testing.F) {
	f.Add([]byte(`{"facts": [{"rule": "DF101", "message": "m", "line": 1, "column": 2, "source": "日\tx", "shown": 1, "width": 1}], "imports": ["4 a"], "calls": ["0 a b:1"], "dags": ["1 a"]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		said, err := decodeAnswer(answer)
		if err != nil {
			return
		}
		for _, finding := range new(Checker).findings(&module{file: file{path: "a.py"}, reached: true}, said.Facts) {
			assert.False(t, strings.ContainsFunc(strings.ReplaceAll(finding.Caret, "\t", ""), unicode.IsControl))
			assert.Contains(t, finding.String(), "a.py")
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, '[', ']'})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := readFrame(bytes.NewReader(data))
		if err == nil {
			var again bytes.Buffer
			require.NoError(t, writeFrame(&again, frame))
			assert.Equal(t, data[:again.Len()], again.Bytes())
		}
	})
}

func TestCaret(t *testing.T) {
	for _, tc := range []struct {
		source string
		at, n  int
		want   string
	}{
		{"x = = 1", 4, 1, "    ^"},
		{"x = abc", 4, 3, "    ^~~"},
		{"\tif\tx y", 6, 1, "\t  \t  ^"},
		{"日本 = x", 5, 1, "       ^"},
		{"x 日本", 2, 2, "  ^~~~"},
		{"e\u0301 x", 3, 1, "  ^"},
		{"ab", 2, 0, "  ^"},
		{"ab", 0, 9, "^~"},
	} {
		assert.Equal(t, tc.want, caret(tc.source, tc.at, tc.n), tc.source)
	}
}
