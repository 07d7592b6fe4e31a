package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dagferry/dagferry/internal/deployment"
)

// DeploymentJSON writes how a file differs from a Deployment as one JSON object. Every key is always there.
func DeploymentJSON(w io.Writer, d deployment.Diff, applied bool) error {
	return write(w, struct {
		deployment.Diff
		Removals []deployment.Change `json:"removals"`
		Differs  bool                `json:"differs"`
		Applied  bool                `json:"applied"`
	}{d, list(d.Removals()), !d.Empty(), applied})
}

// DeploymentText writes it for people: a line for each difference, by section.
func DeploymentText(w io.Writer, d deployment.Diff) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s → %s, Deployment %s\n", d.File, strconv.Quote(d.Name), d.Deployment)
	section := ""
	for _, c := range d.Changes {
		if c.Section != section {
			section = c.Section
			fmt.Fprintf(&b, "\n  %s\n", section)
		}
		fmt.Fprintf(&b, "    %s %s\n", sign(c.Kind), aligned(shownName(c), width(d.Changes, section), shownChange(c)))
	}
	b.WriteString("\n")
	var secrets []string
	for _, s := range d.Secrets {
		secrets = append(secrets, fmt.Sprintf("%s is set from %s; Astro does not tell what it has, so nobody knows whether that is a change", s.Key, s.Reference))
	}
	lines(&b, "secret", secrets)
	lines(&b, "note", d.Notes)
	fmt.Fprintf(&b, "  %s\n", sum(d))
	_, err := io.WriteString(w, b.String())
	return err
}

func sign(k deployment.Kind) string {
	switch k {
	case deployment.Added:
		return "+"
	case deployment.Removed:
		return "-"
	case deployment.Changed:
	}
	return "~"
}

func shownName(c deployment.Change) string {
	if c.Field != "" {
		return c.Name + "." + c.Field
	}
	return c.Name
}

// width is the longest name of a section, as far as it is worth the space.
func width(all []deployment.Change, section string) int {
	const most = 44
	w := 0
	for _, c := range all {
		if n := utf8.RuneCountInString(shownName(c)); c.Section == section && n <= most {
			w = max(w, n)
		}
	}
	return w
}

func aligned(name string, width int, rest string) string {
	return strings.TrimRight(name+strings.Repeat(" ", max(0, width-utf8.RuneCountInString(name)))+"  "+rest, " ")
}

func shownChange(c deployment.Change) string {
	var parts []string
	switch {
	case c.From != nil && c.To != nil:
		parts = append(parts, shownValue(c.From)+" → "+shownValue(c.To))
	case c.From != nil:
		parts = append(parts, shownValue(c.From))
	case c.To != nil:
		parts = append(parts, shownValue(c.To))
	}
	if c.Note != "" {
		parts = append(parts, "("+c.Note+")")
	}
	return strings.Join(parts, " ")
}

// shownValue has text in quotes and escaped, so that a terminal shows what is there.
func shownValue(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}

// sum says how much there is to do.
func sum(d deployment.Diff) string {
	if d.Empty() {
		if len(d.Secrets) > 0 {
			return "no differences, as far as they can be seen"
		}
		return "no differences"
	}
	count := map[deployment.Kind]int{}
	for _, c := range d.Changes {
		count[c.Kind]++
	}
	var parts []string
	for _, k := range []deployment.Kind{deployment.Added, deployment.Changed, deployment.Removed} {
		if count[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[k], k))
		}
	}
	return strings.Join(parts, ", ")
}
