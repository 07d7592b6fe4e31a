// Package symbols knows what can be imported from each minor version of Airflow, without having Airflow: a DAG that
// imports what its target lacks fails there, and a static check can say so before it is deployed.
//
// The indexes in data/ were made by really importing everything in an installed Airflow (internal/tools/symbols, make
// symbols). An index says that something is missing only when Python said so; in doubt it says Unknown.
package symbols

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Index is what can be imported from one version of Airflow. It is not changed once loaded, and may be used by many
// goroutines.
type Index struct {
	contents
	exact bool
}

// For gives the index of a target's minor, as "3.1" or "3.1.8" names it, or the nearest older one that there is; for a target
// older than all, the oldest; for "", the newest. Exact tells them apart. Each is loaded once.
//
// The error is that of a version which is none.
func For(airflow string) (*Index, error) {
	minors := indexed()
	at := len(minors) - 1
	exact := true
	if airflow != "" {
		want, err := parseMinor(airflow)
		if err != nil {
			return nil, fmt.Errorf("read Airflow's version: %w", err)
		}
		at, exact = slices.BinarySearchFunc(minors, want, minor.compare)
		if !exact {
			at = max(at-1, 0)
		}
	}
	c, err := load(minors[at])
	if err != nil {
		return nil, err
	}
	return &Index{contents: c, exact: exact}, nil
}

// Version is the Airflow that was indexed, "3.3.2".
func (x *Index) Version() string { return x.version }

// Exact says whether the target's minor itself was indexed. If not, the index is of a neighbour, and what it lacks the
// target may have.
func (x *Index) Exact() bool { return x.exact }

// Packages are the names that can be imported at the top after `pip install apache-airflow` of that version, sorted:
// "airflow", "pendulum", "yaml". The standard library is not among them, nor what an image adds.
func (x *Index) Packages() []string { return slices.Clone(x.packages) }

// minor is a version of Airflow without its patch.
type minor struct{ major, minor int }

func (m minor) String() string { return fmt.Sprintf("%d.%d", m.major, m.minor) }

func (m minor) compare(n minor) int {
	if m.major != n.major {
		return m.major - n.major
	}
	return m.minor - n.minor
}

// parseMinor reads "3.1" and "3.1.8".
func parseMinor(s string) (m minor, err error) {
	first, rest, _ := strings.Cut(s, ".")
	second, _, _ := strings.Cut(rest, ".")
	m.major, err = strconv.Atoi(first)
	if err == nil {
		m.minor, err = strconv.Atoi(second)
	}
	if err != nil || m.major < 0 || m.minor < 0 {
		return minor{}, fmt.Errorf("%q is not of the form 3.1", s)
	}
	return m, nil
}
