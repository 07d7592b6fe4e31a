package parse

import (
	_ "embed"
	"strings"
)

//go:embed modules.txt
var modules string

// Modules are the files of lib/python3.14 that a packaged interpreter needs for the worker, slash-separated.
func Modules() []string {
	var files []string
	for line := range strings.Lines(modules) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			files = append(files, line)
		}
	}
	return files
}
