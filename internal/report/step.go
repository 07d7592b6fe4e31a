package report

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
)

// summaryMost is how many bytes of a text a job's summary gets: GitHub drops a step's summary above 1 MiB ("Workflow commands for GitHub
// Actions"), and the log has all of it.
const summaryMost = 512 << 10

// StepSummary writes what tell says into the summary of a job of GitHub Actions, below a title. It is one indented block of code:
// nothing in it, such as a file's name, is Markdown or HTML.
func StepSummary(w io.Writer, title string, tell func(io.Writer) error) error {
	var text bytes.Buffer
	if err := tell(&text); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", title)
	for line := range strings.Lines(valid(strings.ReplaceAll(text.String(), "\r", "\n"))) {
		if b.Len()+len(line) > summaryMost {
			b.WriteString("    … the log has the rest\n")
			break
		}
		fmt.Fprintf(&b, "    %s\n", strings.TrimSuffix(line, "\n"))
	}
	_, err := fmt.Fprintf(w, "%s\n", b.String())
	return err
}

// Output is an output of a step, by which later steps know what it did.
type Output struct{ Name, Value string }

// StepOutputs writes outputs of a step of GitHub Actions. What ends a value cannot be guessed, so that no value makes another output.
func StepOutputs(w io.Writer, outputs []Output) error {
	for _, o := range outputs {
		end := rand.Text()
		if _, err := fmt.Fprintf(w, "%s<<%s\n%s\n%s\n", o.Name, end, o.Value, end); err != nil {
			return err
		}
	}
	return nil
}
