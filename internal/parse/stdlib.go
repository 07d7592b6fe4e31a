package parse

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed stdlib.txt
var stdlibText string

// stdlib has the modules of the standard library: the minor version of Python 3 that had one no more, or 0.
//
//nolint:gochecknoglobals // read once
var stdlib = sync.OnceValue(func() map[string]int {
	all := map[string]int{}
	for line := range strings.Lines(stdlibText) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			gone := 0
			if len(fields) > 1 {
				gone, _ = strconv.Atoi(fields[1])
			}
			all[fields[0]] = gone
		}
	}
	return all
})

// isStandard reports whether a module is of the standard library still.
func isStandard(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	gone, is := stdlib()[top]
	return is && gone == 0
}
