package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFinding_namesDoNotSteerATerminal(t *testing.T) {
	for path, want := range map[string]string{
		"dags/日本 a.py":       "dags/日本 a.py",
		"a\x1b[2J.py":        "a\uFFFD[2J.py",
		"a\nb.py:1: \tc.py":  "a\uFFFDb.py:1: \uFFFDc.py",
		"a\u202eyp.exe":      "a\uFFFDyp.exe",
		"a\u2066b\u2028.py":  "a\uFFFDb\uFFFD.py",
		"not UTF-8 \xff\x9b": "not UTF-8 \uFFFD\uFFFD",
	} {
		assert.Equal(t, want+":1:2: m", Finding{Path: path, Line: 1, Column: 2, Message: "m"}.String())
	}
	assert.Equal(t, "a.py: note: \uFFFD[2J", Finding{Path: "a.py", Severity: Info, Message: "\x1b[2J"}.String())
}

func TestFinding_placeIsLeftOutWhereItIsNotKnown(t *testing.T) {
	assert.Equal(t, "a.py: m", Finding{Path: "a.py", Message: "m"}.String())
	assert.Equal(t, "a.py: m", Finding{Path: "a.py", Column: 3, Message: "m"}.String())
	assert.Equal(t, "a.py:7: warning: m", Finding{Path: "a.py", Line: 7, Severity: Warn, Message: "m"}.String())
}
