package parse

import (
	"io/fs"
)

// rules are the findings that need more than one file's contents.
func (c *Checker) rules(tree fs.FS, g *graph, files []file) ([]Finding, error) {
	if c.o.Level == LevelSyntax {
		return nil, nil
	}
	g.knowFolders(files)
	g.knowOurs()
	twice := dagsTwice(g.all)
	var findings []Finding
	for _, m := range g.all {
		if !m.reached {
			continue
		}
		facts, err := c.importFacts(g, m)
		if err != nil {
			return nil, err
		}
		if facts = append(facts, twice[m]...); len(facts) > 0 {
			findings = append(findings, c.findings(m, shown(tree, m, facts))...)
		}
	}
	if message := c.target.hidden(g.all); message != "" {
		ignoring := &module{file: file{path: ignoreFile}, reached: true}
		findings = append(findings, c.findings(ignoring, []fact{{Rule: RuleHidden, Message: message}})...)
	}
	return findings, nil
}

// shown gives facts their lines. In a zip, and when the file cannot be read, they do without.
func shown(tree fs.FS, m *module, facts []importFact) []fact {
	var data []byte
	if m.zip == "" {
		data, _ = fs.ReadFile(tree, m.path)
	}
	out := make([]fact, len(facts))
	for i, f := range facts {
		out[i] = located(f.Rule, f.Message, f.Line, f.word, data)
		out[i].Later, out[i].Soft = f.Later, f.Soft
	}
	return out
}
