package parse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is one life of an interpreter. It gets nothing of its parent's: an empty environment, the root directory,
// and three pipes.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
	answers *bufio.Reader // of out
	stderr  *tail
	// greeting is what it said first: which Python it is. Empty until then.
	greeting string
}

func start(path string, args []string) (*process, error) {
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // the operator's interpreter; it outlives any one request
	cmd.Env = []string{}               // nil would mean the parent's
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second // for a child of its own that holds the pipes
	p := &process{cmd: cmd, stderr: &tail{}}
	cmd.Stderr = p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out, p.answers = in, out, bufio.NewReader(out)
	return p, cmd.Start()
}

// ask sends files and receives the answers.
func (p *process) ask(files ...[]byte) ([][]byte, error) {
	asked := bytes.NewBuffer(binary.BigEndian.AppendUint32(nil, uint32(len(files)))) //nolint:gosec // a few
	for _, data := range files {
		_ = writeFrame(asked, data)
	}
	if _, err := asked.WriteTo(p.in); err != nil {
		return nil, err
	}
	answers := make([][]byte, len(files))
	for i := range answers {
		var err error
		if answers[i], err = p.receive(); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (p *process) receive() ([]byte, error) { return readFrame(p.answers) }

// kill makes every read and write fail at once, even if a child of the process holds the pipes.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.in.Close()
	_ = p.out.Close()
}

// end kills the process and says how it ended: its own end if it had one, and the last it wrote on standard error.
func (p *process) end() string {
	_ = p.in.Close()
	defer time.AfterFunc(grace, p.kill).Stop()
	_ = p.cmd.Wait()
	reason := p.cmd.ProcessState.String()
	if last := p.stderr.last(); last != "" {
		reason += ": " + last
	}
	return reason
}

// grace lets a process that is dying say how; one that still works ends by itself when its input does.
const grace = 100 * time.Millisecond

// tail keeps the end of what is written to it, however much that is.
type tail struct {
	mu   sync.Mutex
	data []byte
}

const (
	maxTail = 2 << 10
	maxLast = 300
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p[max(len(p)-maxTail, 0):]...)
	t.data = t.data[max(len(t.data)-maxTail, 0):]
	return len(p), nil
}

// last is the last line.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(printableLines(string(t.data))), "\n")
	last := lines[len(lines)-1]
	return last[max(len(last)-maxLast, 0):]
}

func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(strings.ToValidUTF8(lines[i], "?"))
	}
	return strings.Join(lines, "\n")
}
