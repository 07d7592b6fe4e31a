package pytest

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/image"
	"github.com/dagferry/dagferry/internal/secret"
)

//go:embed runner.py
var runner string

// Options say what is tested, and where.
type Options struct {
	// Project is the folder of the project: it has tests/ and dags/, and pytest's settings.
	Project string
	// Interpreter is the path of a Python that has Airflow and the project's requirements; "" is Image's.
	Interpreter string
	// Image is where to test without an Interpreter.
	Image *image.Image
	// Environment is what tests and DAGs find in their environment besides.
	Environment map[string]string
	// Hide is what is kept from them: variables of this process that have one of these in them. A container gets none of this process's.
	Hide []secret.Value
	// Output gets what the tests say, as they say it; nil is nobody.
	Output io.Writer
}

// String names where tests run.
func (o Options) String() string {
	if o.Interpreter == "" {
		return "image " + o.Image.Name()
	}
	return o.Interpreter
}

// job is what runner.py is told to do.
type job struct {
	Word string `json:"word"`
	Do   string `json:"do"`
	// Folder is the project's, or "" in a container, to which its files are brought.
	Folder      string            `json:"folder"`
	Environment map[string]string `json:"environment"`
	Replace     []string          `json:"replace"`
	Args        []string          `json:"args"`
	Paths       []string          `json:"paths"`
	Program     map[string]string `json:"program"`
}

// grace is for what was interrupted to end: runner.py waits for 8 s.
const grace = 12 * time.Second

// do has runner.py do a job, and reads its answer. after is what it reads behind the job.
func (o Options) do(ctx context.Context, j job, after io.Reader, answer any) (said string, err error) {
	j.Word = rand.Text()
	j.Environment = o.Environment
	if j.Environment == nil {
		j.Environment = map[string]string{}
	}
	if o.Interpreter != "" {
		if j.Folder, err = filepath.Abs(o.Project); err != nil {
			return "", fmt.Errorf("find the project: %w", err)
		}
	}
	line, err := json.Marshal(j)
	if err != nil {
		return "", fmt.Errorf("write what to do: %w", err)
	}
	var out bytes.Buffer
	last := &tail{to: o.Output}
	ran := o.start(ctx, io.MultiReader(bytes.NewReader(append(line, '\n')), after), &out, last)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return last.String(), o.read(out.Bytes(), j.Word, ran, last.String(), answer)
}

// read finds the answer in what was said.
func (o Options) read(out []byte, word string, ran error, last string, answer any) error {
	at := bytes.LastIndex(out, []byte(word))
	if at < 0 {
		if ran == nil {
			ran = errors.New("it ended without an answer")
		}
		return o.silent(ran, last)
	}
	var no struct{ Error string }
	said := out[at+len(word):]
	err := json.Unmarshal(said, &no)
	if err == nil {
		err = json.Unmarshal(said, answer)
	}
	if err != nil {
		return fmt.Errorf("read what the tests answered (%s): %w", o, err)
	}
	if no.Error != "" {
		return fault.Errorf(fault.Denied, "run the tests (%s): %s. In an image, its user has to be able to write to its working directory, as in Astro Runtime", o, no.Error)
	}
	return nil
}

// silent is what is said of a place that gave no answer: it is to be put right, unless its error has a kind that says something else.
func (o Options) silent(ran error, last string) error {
	if fault.Of(ran) == fault.Broken {
		ran = fault.As(fault.Denied, ran)
	}
	remedy := "Name a Python, 3.8 or later, such as .venv/bin/python"
	if o.Interpreter == "" {
		remedy = "The image needs a program python, 3.8 or later, as Astro Runtime has it"
	}
	return fmt.Errorf("run Python for the tests: %w. %s. The last lines:%s", ran, remedy, indented(last))
}

// start starts runner.py and waits for its end.
func (o Options) start(ctx context.Context, in io.Reader, out, said io.Writer) error {
	args := []string{"-I", "-c", runner}
	if o.Interpreter == "" {
		return o.Image.Run(ctx, image.Process{Args: append([]string{"python"}, args...), Stdin: in, Stdout: out, Stderr: said})
	}
	cmd := exec.CommandContext(ctx, o.Interpreter, args...) //nolint:gosec // the user's interpreter
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, said
	cmd.Env = secret.Without(os.Environ(), o.Hide...) // tests may need any other, as they do when people run pytest themselves
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	return cmd.Run()
}
