package parse

import (
	"fmt"
	"path"
	"strings"

	"github.com/dagferry/dagferry/internal/parse/symbols"
)

// importFacts are what is wrong with a module's imports: of Airflow, of the bundle, of the image. What stands below try
// or if is not looked at: it may well be meant to fail.
func (c *Checker) importFacts(g *graph, m *module) ([]importFact, error) {
	var facts []importFact
	for _, i := range m.imports {
		if i.at.where() == maybe {
			continue
		}
		f, err := c.importFact(g, m, i)
		if err != nil {
			return nil, err
		}
		if f.Message != "" {
			f.Line, f.Later = i.at.line(), i.at.where() == later
			facts = append(facts, f)
		}
	}
	return facts, nil
}

// importFact is a fact, and the word to look for in its line.
type importFact struct {
	fact
	word string
}

func (c *Checker) importFact(g *graph, m *module, i imported) (importFact, error) {
	dots, name, taken := i.parts()
	top, _, _ := strings.Cut(name, ".")
	word := taken
	if word == "" || word == "*" {
		word = name
	}
	switch {
	case dots == 0 && top == "airflow":
		f, err := c.missingOfAirflow(name, taken)
		return importFact{f, word}, err
	case dots > 0 || g.has(m.zip, top):
		message, soft := c.missingLocally(g, m, dots, name, taken)
		return importFact{fact{Rule: RuleLocalImport, Message: message, Soft: soft}, word}, nil
	default:
		return importFact{fact{Rule: RulePackageImport, Message: c.packages.missing(name, c.target.python)}, word}, nil
	}
}

// symbol is a module, or what is taken from it.
type symbol struct{ module, name string }

// missingOfAirflow remembers what it found: most files of a prefix import the same.
func (c *Checker) missingOfAirflow(module, name string) (fact, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := symbol{module, name}
	if known, is := c.missing[key]; is {
		return known, nil
	}
	message, err := c.airflow.missing(module, strings.TrimSuffix(name, "*"))
	f := fact{Rule: RuleAirflowImport, Message: message, Soft: c.airflow.soft}
	if strings.HasPrefix(module, providers) {
		f.Soft = "the image may have another version of the provider"
	}
	if message == "" && c.airflow.Lookup(module, "") == symbols.Unknown {
		f = fact{Rule: RulePackageImport, Message: c.packages.missingProvider(module)}
	}
	if c.missing == nil || len(c.missing) >= maxVerdicts {
		c.missing = map[symbol]fact{}
	}
	c.missing[key] = f
	return f, err
}

// missingLocally is what the bundle does not have of an import, and why that only warns.
func (c *Checker) missingLocally(g *graph, m *module, dots int, name, taken string) (message, soft string) {
	base := ""
	if dots > 0 {
		if m.unread == "" && !m.packageItself(dots) {
			if len(m.dags) == 0 {
				soft = "no DAG of the file shows without running it"
			}
			return "Airflow imports a DAG file by itself, not as part of a package: write the import from the DAG root", soft
		}
		var within bool
		if base, within = packageOf(m.name, dots); !within || base == "" && path.Base(m.name) != "__init__.py" {
			return "the DAG root is no package, and what is above it is not there: write the import from the DAG root", ""
		}
	}
	top, _, _ := strings.Cut(name, ".")
	if m.anything || dots == 0 && c.packages.shadows(top) {
		return "", "" // the path may be another one, or the image's package comes first
	}
	whole := strings.Trim(base+"."+name, ".")
	for end := 0; end <= len(whole); end++ {
		if end < len(whole) && whole[end] != '.' {
			continue
		}
		if part := whole[:end]; part != "" && !g.has(m.zip, part) {
			if above, _ := cutLast(part); g.opens(m.zip, above) {
				return "", ""
			}
			return fmt.Sprintf("the bundle has no module %s", part), g.unlessInstalled(m.zip, dots, top)
		}
	}
	if taken != "" && taken != "*" && whole != "" && !g.isModule(m.zip, whole) && !g.has(m.zip, whole+"."+taken) {
		return fmt.Sprintf("the bundle has no module %s.%s, and the folder %s has no __init__.py", whole, taken, strings.ReplaceAll(whole, ".", "/")), g.unlessInstalled(m.zip, dots, top)
	}
	return "", ""
}

// packageItself reports whether a file is a package's __init__.py, which Python has as a package even when Airflow imports
// it by itself: one dot works in it.
func (m *module) packageItself(dots int) bool {
	return dots == 1 && m.zip == "" && path.Base(m.name) == "__init__.py"
}

// has reports whether a dotted name is a module or a folder of the bundle, or of the zip.
func (g *graph) has(zip, dotted string) bool {
	return g.isModule(zip, dotted) || g.folders[place{zip, dotted}] || zip != "" && g.has("", dotted)
}

// isModule reports whether a dotted name is a file, or a folder with an __init__.py.
func (g *graph) isModule(zip, dotted string) bool {
	return len(g.named[place{zip, dotted}]) > 0 || g.binary[dotted] || zip != "" && g.isModule("", dotted)
}

// opens reports whether a package may have more modules than there are files: its __init__.py may change where they
// are looked for.
func (g *graph) opens(zip, dotted string) bool {
	for _, m := range append(g.named[place{zip, dotted}], g.named[place{"", dotted}]...) {
		if m.anything || len(m.facts) > 0 && m.facts[0].Rule == RuleSyntax {
			return true
		}
	}
	return false
}

// knowFolders lists the folders of the modules, and the modules that are no Python: extensions and stray bytecode.
func (g *graph) knowFolders(files []file) {
	g.folders, g.binary = map[place]bool{}, map[string]bool{}
	for _, m := range g.all {
		for dir := path.Dir(m.name); dir != "." && dir != "/"; dir = path.Dir(dir) {
			at := place{m.zip, strings.ReplaceAll(dir, "/", ".")}
			if g.folders[at] {
				break
			}
			g.folders[at] = true
		}
	}
	for _, f := range files {
		switch path.Ext(f.path) {
		case ".so", ".pyd", ".pyc":
			stem, _, _ := strings.Cut(path.Base(f.path), ".")
			g.binary[strings.ReplaceAll(path.Join(path.Dir(f.path), stem), "/", ".")] = true
		}
	}
}
