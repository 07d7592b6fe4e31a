package image

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// RuntimeLabel is where an image says which Astro Runtime it is built from (the Astro CLI reads it there).
const RuntimeLabel = "io.astronomer.docker.runtime.version"

// A Runtime is named 13.9.0 up to Airflow 2, and 3.1-12 (the twelfth for Airflow 3.1) since. Image tags add which flavour it
// is: -base, -slim, -python-3.12 (Astro's Runtime architecture and release notes).
const flavours = `(?:-base|-slim|-python-\d+\.\d+)*$`

// Compare tells which of two Runtimes is older: below 0 is a, above 0 is b, 0 is neither. Flavours do not matter. What it cannot
// read (a preview, or a form that comes later) is an error: it does not guess.
func Compare(a, b string) (int, error) {
	left, err := parseRuntime(a)
	if err != nil {
		return 0, err
	}
	right, err := parseRuntime(b)
	if err != nil {
		return 0, err
	}
	return slices.Compare(left, right), nil
}

// Older reports whether a is an older Runtime than b. See Compare.
func Older(a, b string) (bool, error) {
	order, err := Compare(a, b)
	return order < 0, err
}

// parseRuntime is a Runtime as numbers that compare as Runtimes do; the first is its scheme.
func parseRuntime(version string) ([]int, error) {
	for scheme, form := range []string{`^(\d+)\.(\d+)\.(\d+)` + flavours, `^(\d+)\.(\d+)-(\d+)` + flavours} {
		parts := regexp.MustCompile(form).FindStringSubmatch(version)
		if parts == nil {
			continue
		}
		numbers := []int{scheme}
		for _, part := range parts[1:] {
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, fmt.Errorf("read Runtime %q: %w", version, err)
			}
			numbers = append(numbers, n)
		}
		return numbers, nil
	}
	return nil, fmt.Errorf("read Runtime %q: it is neither like 13.9.0 nor like 3.1-12", cmp.Or(version, "(none)"))
}
