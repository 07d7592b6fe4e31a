// Package interpreter imports DAG files by a Python interpreter of this machine that has Airflow, such as a virtual
// environment's. It exists for the command line: what a function calls is elsewhere, and so the program of
// functions/validator is part of this package only.
package interpreter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	program "github.com/dagferry/dagferry/functions/validator"
	"github.com/dagferry/dagferry/internal/parse/validator"
)

const (
	// limit is what memory bears: request and archive are held several times.
	limit = 512 << 20
	// grace is for the program to end what it started, and to remove its folders.
	grace = 5 * time.Second
	// maxSaid bounds what is kept of standard error.
	maxSaid = 64 << 10
)

// Interpreter is one. It implements validator.Transport.
type Interpreter struct {
	// Path is the executable, such as .venv/bin/python.
	Path string
}

// String is the path.
func (i Interpreter) String() string { return i.Path }

// Limit implements validator.Transport.
func (i Interpreter) Limit() int { return limit }

// Call implements validator.Transport: it starts the interpreter, and ends it.
func (i Interpreter) Call(ctx context.Context, request []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "dagferry-importer-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the importer: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary one
	if err := extract(dir); err != nil {
		return nil, fmt.Errorf("write the importer: %w", err)
	}
	var said, complaint bounded
	said.limit, complaint.limit = validator.MaxAnswer+1, maxSaid
	cmd := exec.CommandContext(ctx, i.Path, "-I", "-B", filepath.Join(dir, "dagferry_validator"), "once") //nolint:gosec // the user's interpreter
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), &said, &complaint
	cmd.Env = environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if err := cmd.Run(); err != nil {
		return nil, failed(ctx, err, complaint.String())
	}
	return said.Bytes(), nil
}

func failed(ctx context.Context, err error, complaint string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && strings.TrimSpace(complaint) != "" {
		lines := strings.Split(strings.TrimSpace(complaint), "\n")
		return fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return err
}

func extract(dir string) error {
	return fs.WalkDir(program.Program, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		text, err := program.Program.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	})
}

// environment is what an import may need of the caller's, and none of its tokens.
func environment() []string {
	var kept []string
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "AIRFLOW_HOME"} {
		if value, is := os.LookupEnv(name); is {
			kept = append(kept, name+"="+value)
		}
	}
	return append(kept, "PYTHONDONTWRITEBYTECODE=1")
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:max(min(len(p), b.limit-b.Len()), 0)])
	return len(p), nil
}
