package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeDoc writes what a run found between the markers of a document, and the chart beside it.
func writeDoc(out, path string) error {
	r, err := loadResults(filepath.Join(out, "results.json"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path) //nolint:gosec // the caller names it
	if err != nil {
		return err
	}
	written := string(text)
	for name, part := range r.parts() {
		if written, err = between(written, name, part); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	picture := strings.TrimSuffix(path, filepath.Ext(path)) + ".svg"
	return errors.Join(
		os.WriteFile(path, []byte(written), 0o644),     //nolint:gosec // for people
		os.WriteFile(picture, []byte(chart(r)), 0o644)) //nolint:gosec // for people
}

// between replaces what stands between <!-- bench:name --> and <!-- /bench:name -->.
func between(text, name, part string) (string, error) {
	open, end := "<!-- bench:"+name+" -->\n", "<!-- /bench:"+name+" -->"
	before, rest, found := strings.Cut(text, open)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("the markers of %q are missing", name)
	}
	return before + open + "\n" + strings.TrimRight(part, "\n") + "\n\n" + end + after, nil
}

func (r *results) parts() map[string]string {
	r.Bars = r.judge() // as they are judged now
	return map[string]string{
		"machine": r.about(),
		"cold":    r.markdown(cold),
		"one":     r.markdown(oneChangeCold),
		"warm":    r.markdown(warm),
		"steps":   r.markdownSteps(),
		"bars":    r.markdownBars(),
		"sizing":  r.markdownSizing(),
	}
}

// about says which run it was.
func (r *results) about() string {
	m := r.Machine
	least, most := 0, 0
	for _, c := range r.Rows {
		if least == 0 || c.Rounds < least {
			least = c.Rounds
		}
		most = max(most, c.Rounds)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s at commit %s: %s, %d cores, %s, %s; load average %s when it began; seed %d. %s. Medians of rounds: %d",
		day(m.Date), m.Commit, m.CPU, m.Cores, m.System, m.Go, m.Load, r.Seed, strings.ToUpper(m.Pinned[:1])+m.Pinned[1:], most)
	if least < most {
		var slow []string
		for _, c := range r.Rows {
			if c.Rounds < most && c.Case == cold {
				slow = append(slow, fmt.Sprintf("%s at %s files", labelOf(c.Way), thousands(c.Files)))
			}
		}
		fmt.Fprintf(&b, ", but for what takes long, which was measured once: %s", strings.Join(slow, "; "))
	}
	b.WriteString(".\n")
	if m.busy() || most < 3 {
		b.WriteString("\n**These figures are not final**: the machine did other things meanwhile, or there were fewer than three rounds.\n")
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "\nNot measured: %s at %s files: %s.\n", labelOf(s.Way), thousands(s.Files), s.Why)
	}
	return b.String()
}

func labelOf(way string) string {
	for _, e := range order() {
		if e.name == way {
			return e.label
		}
	}
	return way
}

func (r *results) markdownBars() string {
	var b strings.Builder
	b.WriteString("| bar | files | wanted | measured | |\n|---|---:|---|---|---|\n")
	for _, one := range r.judge() {
		files := ""
		if one.Files > 0 {
			files = thousands(one.Files)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", one.Bar, files, one.Want, one.Got, one.verdict())
	}
	return b.String()
}
