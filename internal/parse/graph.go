package parse

import (
	"fmt"
	"path"
	"strings"
)

// module is a Python file, or a module in a zip, with what is known of it.
type module struct {
	file
	verdict
	zip    string // the path of the zip that it is in, "" for none
	name   string // below the DAG root, or in the zip
	nested bool   // deeper inside of a zip, where Airflow looks only for what is imported
	fixed  bool   // spared is decided already
	passed bool   // it was not checked, because the parser was too slow for others

	unread  string // why Airflow does not read it as a file of DAGs; "" if it does
	reached bool   // Airflow reads it, or something that does imports it
}

// graph knows which module imports which. Airflow has the DAG root on its path, not the folder of the file that
// imports; while it reads a zip, that comes before.
type graph struct {
	all      []*module
	named    map[place][]*module
	children map[place][]*module // of a package, for "from a import *"
	queue    []*module
	opened   bool // something imports anything

	folders map[place]bool  // that hold modules
	binary  map[string]bool // modules that are no Python
	ours    map[string]bool // top names that imports find something of the bundle by
}

// place is a dotted name in the DAG root or in a zip.
type place struct{ zip, name string }

func newGraph(all []*module) *graph {
	g := &graph{all: all, named: make(map[place][]*module, len(all)), children: map[place][]*module{}}
	for _, m := range all {
		name, python := strings.CutSuffix(m.name, ".py")
		if !python {
			continue // nothing imports it
		}
		name = strings.TrimSuffix(strings.ReplaceAll(name, "/", "."), ".__init__")
		g.named[place{m.zip, name}] = append(g.named[place{m.zip, name}], m)
		parent := place{m.zip, name[:max(strings.LastIndexByte(name, '.'), 0)]}
		g.children[parent] = append(g.children[parent], m)
	}
	return g
}

// follow marks what Airflow reads, and what that imports. Imports in functions and under conditions are followed, too:
// too much of it only keeps a broken file from being deployed.
func (g *graph) follow() {
	for _, m := range g.all {
		if m.unread == "" {
			g.reach(m)
		}
	}
	for len(g.queue) > 0 {
		m := g.queue[len(g.queue)-1]
		g.queue = g.queue[:len(g.queue)-1]
		for _, i := range m.imports {
			g.imports(m, i.dotted())
		}
		if m.anything {
			g.open()
		}
	}
}

func (g *graph) reach(modules ...*module) {
	for _, m := range modules {
		if !m.reached {
			m.reached = true
			g.queue = append(g.queue, m)
		}
	}
}

// imports reaches the module of a name, and the packages that it is in.
func (g *graph) imports(m *module, name string) {
	base := ""
	if level := len(name) - len(strings.TrimLeft(name, ".")); level > 0 {
		name = name[level:]
		var within bool
		if base, within = packageOf(m.name, level); !within {
			return
		}
	}
	g.find(m.zip, base, name)
	if m.zip != "" {
		g.find("", base, name)
	}
}

func (g *graph) find(zip, base, name string) {
	if base != "" {
		g.reach(g.named[place{zip, base}]...)
		base += "."
	}
	whole := base + name
	for i := len(base); i <= len(whole); i++ {
		if i == len(whole) || whole[i] == '.' {
			g.reach(g.named[place{zip, whole[:i]}]...)
		}
	}
	if parent, all := strings.CutSuffix(whole, "*"); all {
		g.reach(g.children[place{zip, strings.TrimSuffix(parent, ".")}]...)
	}
}

// open reaches all that .airflowignore does not leave out: who imports by names made while running might import it.
func (g *graph) open() {
	if g.opened {
		return
	}
	g.opened = true
	for _, m := range g.all {
		if m.ignored == "" && !m.nested {
			g.reach(m)
		}
	}
}

// packageOf is the package that so many dots mean in a module, if there is one.
func packageOf(name string, dots int) (string, bool) {
	dir := path.Dir(name)
	for ; dots > 1; dots-- {
		if dir = path.Dir(dir); dir == "." {
			return "", false
		}
	}
	if dir == "." {
		return "", true
	}
	return strings.ReplaceAll(dir, "/", "."), true
}

// decide says whether what is wrong with a module only warns, and why.
func (m *module) decide() {
	switch {
	case m.fixed:
	case m.excluded != "":
		m.spared = fmt.Sprintf("check.exclude has %q", m.excluded)
	case m.reached:
		m.spared = ""
	default:
		m.spared = m.unread + ", and no DAG imports it"
	}
}
