package image

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/dagferry/dagferry/internal/secret"
)

const hidden = "[redacted]"

// tailLines is how much of a builder's output an error has: the step that failed, and what it said.
const tailLines = 25

// maxLine bounds one line of it.
const maxLine = 2 << 10

// output passes what a builder writes on, line by line, without the secrets, and keeps its end.
type output struct {
	to   io.Writer
	hide []string

	mu   sync.Mutex
	line []byte
	tail []string
}

func newOutput(o Options) *output {
	return &output{to: o.Output, hide: o.hidden()}
}

// Write takes a piece of the output. It does not fail: a terminal that is gone is no reason to end a build.
func (w *output) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, p...)
	for {
		end := bytes.IndexByte(w.line, '\n')
		if end < 0 && len(w.line) < maxLine<<5 {
			return len(p), nil
		}
		if end < 0 {
			end = len(w.line) - 1
		}
		w.flush(string(w.line[:end+1]))
		w.line = w.line[end+1:]
	}
}

func (w *output) flush(line string) {
	line = without(line, w.hide)
	if w.to != nil {
		_, _ = io.WriteString(w.to, line) // see Write
	}
	line = strings.TrimRight(line, "\r\n")
	if i := strings.LastIndexByte(line, '\r'); i >= 0 { // a progress bar draws over itself
		line = line[i+1:]
	}
	if strings.TrimSpace(line) == "" {
		return
	}
	w.tail = append(w.tail, cut(line, maxLine))
	w.tail = w.tail[max(0, len(w.tail)-tailLines):]
}

// end is the last lines.
func (w *output) end() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.flush(string(w.line))
		w.line = nil
	}
	return strings.Join(w.tail, "\n")
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// without is a text in which the secrets are not.
func without(s string, secrets []string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	return s
}

// shortestHidden is the shortest line of a secret that is looked for: what is shorter stands in any text.
const shortestHidden = 8

// maxSecret is the largest secret that is looked for; builders take 500 KiB at most.
const maxSecret = 500 << 10

// hidden are the lines of the secrets that a builder gets, and what must be hidden besides, the longest first.
func (o Options) hidden() []string {
	var all []string
	add := func(text string) {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); len(line) >= shortestHidden && !slices.Contains(all, line) {
				all = append(all, line)
			}
		}
	}
	for _, spec := range o.Secrets {
		add(secretText(spec))
	}
	for _, v := range o.Hide {
		add(v.Reveal())
	}
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// secretText is what a --secret gives to a build: a file, or a variable. What cannot be read is the builder's to tell.
func secretText(spec string) string {
	fields := readSecret(spec)
	if name := fields.variable(); name != "" {
		return os.Getenv(name)
	}
	path := fields.file()
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSecret {
		return ""
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user named it
	if err != nil {
		return ""
	}
	return string(text)
}

// secretFields are the parts of id=…,src=… or id=…,env=….
type secretFields map[string]string

func readSecret(spec string) secretFields {
	fields := secretFields{}
	for field := range strings.SplitSeq(spec, ",") {
		key, value, _ := strings.Cut(field, "=")
		fields[strings.ToLower(strings.TrimSpace(key))] = value
	}
	return fields
}

func (f secretFields) file() string { return f["src"] + f["source"] }

// variable is the one whose value is given. An id alone names a variable too, if there is one.
func (f secretFields) variable() string {
	switch {
	case f["env"] != "":
		return f["env"]
	case f["type"] == "env" && f.file() != "":
		return f.file()
	case f.file() == "":
		return f["id"]
	default:
		return ""
	}
}

// environment is the user's own, which builders are configured by, without what must be hidden. A variable that the user
// gives to the build is left.
func (o Options) environment() []string {
	kept := secret.Without(os.Environ(), o.Hide...)
	for _, spec := range o.Secrets {
		if value, given := os.LookupEnv(readSecret(spec).variable()); given {
			kept = append(kept, readSecret(spec).variable()+"="+value)
		}
	}
	return append(kept, "BUILDX_NO_DEFAULT_ATTESTATIONS=1", "DOCKER_BUILDKIT=1")
}
