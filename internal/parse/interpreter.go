package parse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dagferry/dagferry/internal/fault"
)

// InterpreterPath is where the functions' packages carry the interpreter, relative to the executable. It finds its
// modules from there, in python/lib/python3.14.
const InterpreterPath = "python/bin/python3.14"

// ErrNoInterpreter means that there is no Python to check with.
var ErrNoInterpreter = fault.As(fault.Denied, errors.New(
	"there is no Python interpreter: none is configured, and there is no "+InterpreterPath+" beside the executable"))

// Find returns the path of the interpreter: the configured one (a layer, the Deployment's own image), else the one
// that the package carries, else ErrNoInterpreter; the command line then extracts its own (package embedded).
func Find(configured string) (string, error) {
	if configured != "" {
		if err := executable(configured); err != nil {
			return "", fault.Errorf(fault.Denied, "find the configured interpreter: %w", err)
		}
		return filepath.Abs(configured)
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find interpreter: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	carried := filepath.Join(filepath.Dir(self), filepath.FromSlash(InterpreterPath))
	if executable(carried) != nil {
		return "", ErrNoInterpreter
	}
	return carried, nil
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("%s is no executable file", path)
	}
	return nil
}
