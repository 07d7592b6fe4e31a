package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// sarif writes a SARIF log of one run. It has what is known exactly, and what GitHub's code scanning wants ("SARIF support for code
// scanning" in its documentation): a description and a help text for each rule, and a line for each result.
func (c Check) sarif(w io.Writer) error {
	driver := component{Name: "dagferry", Version: c.Version, InformationURI: "https://github.com/dagferry/dagferry"}
	index := map[string]int{}
	for i, r := range parse.Rules() {
		driver.Rules = append(driver.Rules, descriptorOf(r))
		index[r.ID] = i
	}
	results := []result{}
	twins := map[string]int{}
	for _, f := range c.Findings {
		r := resultOf(f)
		if i, known := index[f.Rule]; known {
			r.RuleIndex = &i
		}
		same := fingerprint(f)
		r.PartialFingerprints = map[string]string{"dagferry/v1": fmt.Sprintf("%s:%d", same, twins[same])}
		twins[same]++
		results = append(results, r)
	}
	return write(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{
		Tool: tool{driver}, ColumnKind: "unicodeCodePoints", Results: results,
	}}})
}

func descriptorOf(r parse.Rule) descriptor {
	return descriptor{
		ID: r.ID, Name: r.Name,
		ShortDescription:     text{r.Summary},
		FullDescription:      text{r.Summary},
		Help:                 text{"docs/rules/" + r.ID + ".md in dagferry's repository"},
		DefaultConfiguration: configuration{level(r.Severity)},
	}
}

func resultOf(f parse.Finding) result {
	// GitHub wants a line even for what is about the whole file.
	place := region{StartLine: max(f.Line, 1)}
	if f.Line > 0 {
		place.StartColumn = f.Column
	}
	return result{
		RuleID: f.Rule, Level: level(f.Severity), Message: text{unlinked(f.Message)},
		Locations: []location{{physicalLocation{artifactLocation{uri(f.Path)}, place}}},
	}
}

// unlinked takes apart what SARIF would take for a link, [label](target): it comes out of somebody's file.
func unlinked(s string) string { return strings.ReplaceAll(s, "](", "] (") }

func level(s parse.Severity) string {
	switch s {
	case parse.Block:
		return "error"
	case parse.Warn:
		return "warning"
	default:
		return "note"
	}
}

// uri is a path as a reference, relative unless the path is absolute.
func uri(name string) string {
	if path.IsAbs(name) {
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	return (&url.URL{Path: name}).String()
}

// fingerprint stays the same when the line moves: it is of the rule, the file and the line's text, or of the message where there
// is no line. What has the same one is numbered by the caller.
func fingerprint(f parse.Finding) string {
	what := strings.TrimSpace(f.Source)
	if what == "" {
		what = f.Message
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", f.Rule, f.Path, what))
	return hex.EncodeToString(sum[:16])
}
