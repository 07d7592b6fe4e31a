package validator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// Policy is what becomes of a bundle that no importer has judged.
type Policy string

const (
	// Block rejects the run.
	Block Policy = "block"
	// Warn lets it go on.
	Warn Policy = "warn"
)

// Settings are those of a target's check.
type Settings struct {
	Options
	// Unavailable is Block when empty.
	Unavailable Policy
	// Airflow is the target's version, such as 3.1; empty is any. An importer with another one is worth a warning.
	Airflow string
	// Exceptions are files that are not imported, beside those that the tree's own ExceptionsFile names.
	Exceptions []string
}

// Check imports what Airflow reads of a tree and the static checks did not block, and adds to their report what was found. That
// nobody could import it is a finding; its error is ctx's, or the tree's.
func Check(ctx context.Context, to Transport, tree fs.FS, report parse.Report, s Settings) (parse.Report, error) {
	except, err := exceptions(tree)
	if err != nil {
		return report, err
	}
	files := wanted(report, append(except, s.Exceptions...))
	if len(files) == 0 {
		return report, nil
	}
	answer, err := Import(ctx, to, tree, files, s.Options)
	if unavailable := (*UnavailableError)(nil); errors.As(err, &unavailable) {
		report.Findings = append(report.Findings, s.missing(unavailable))
	} else if err != nil {
		return report, err
	}
	report.Findings = append(report.Findings, answer.findings()...)
	report.Findings = append(report.Findings, s.other(to, answer)...)
	if answer.left != nil {
		report.Findings = append(report.Findings, parse.Finding{Path: ".", Rule: parse.RuleUnavailable, Severity: parse.Warn, Message: answer.left.Error()})
	}
	report.Sort()
	return report, nil
}

// wanted are the files to import: those that Airflow reads, but for exceptions and what is refused already.
func wanted(report parse.Report, except []string) []string {
	refused := func(file string) bool {
		return slices.ContainsFunc(report.Findings, func(f parse.Finding) bool {
			return f.Severity == parse.Block && (f.Path == file || strings.HasPrefix(f.Path, file+"/"))
		})
	}
	var files []string
	for _, file := range report.Read {
		if !slices.Contains(except, file) && !refused(file) {
			files = append(files, file)
		}
	}
	return files
}

func (s Settings) missing(e *UnavailableError) parse.Finding {
	f := parse.Finding{Path: ".", Rule: parse.RuleUnavailable, Severity: parse.Block}
	f.Message = e.Error() + "; the DAGs were not imported, and so nobody knows whether they work (onUnavailable: warn lets such DAGs pass)"
	if s.Unavailable == Warn {
		f.Severity = parse.Warn
		f.Message = e.Error() + "; the DAGs were not imported (onUnavailable: warn lets them pass)"
	}
	return f
}

// other warns of an importer whose verdicts may not be the target's.
func (s Settings) other(to Transport, a Answer) []parse.Finding {
	if a.Airflow == "" || s.Airflow == "" || a.Airflow == s.Airflow || strings.HasPrefix(a.Airflow, s.Airflow+".") {
		return nil
	}
	return []parse.Finding{{
		Path: ".", Rule: parse.RuleUnavailable, Severity: parse.Warn,
		Message: fmt.Sprintf("the validator %s has Airflow %s, and the Deployment has %s: build it from the Deployment's image", to, a.Airflow, s.Airflow),
	}}
}

// findings are those of all files, and the ids that two of them define.
func (a Answer) findings() []parse.Finding {
	var all []parse.Finding
	first := map[string]string{}
	for _, file := range a.Files {
		for _, f := range file.Findings {
			all = append(all, parse.Finding{
				Path: file.Path, Line: max(f.Line, 0), Column: max(f.Column, 0), Rule: f.Rule, Severity: parse.Block, Message: f.Message,
			})
		}
		for _, dag := range file.DAGs {
			if other, known := first[dag.ID]; known && other != file.Path {
				all = append(all, parse.Finding{
					Path: file.Path, Rule: parse.RuleDuplicate, Severity: parse.Block,
					Message: fmt.Sprintf("its dag_id %q is that of a DAG in %s, too; Airflow shows one of them, and does not say which", dag.ID, other),
				})
			} else {
				first[dag.ID] = file.Path
			}
		}
	}
	return all
}
