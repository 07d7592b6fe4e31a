package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tools is where the peers are installed (make bench does that).
type tools struct {
	python string // of the virtual environment, which has aws and rclone beside it
	s5cmd  string
	minio  string
	script string // bench/peers/fetch.py
}

// findTools looks for them in .cache of this checkout.
func findTools(root string) (tools, error) {
	venv := filepath.Join(root, ".cache/venv/peers")
	t := tools{
		python: filepath.Join(venv, "bin/python"), minio: filepath.Join(root, ".cache/bin/bench-minio"),
		script: filepath.Join(root, "bench/peers/fetch.py"),
	}
	// The package's own command would start Python first.
	if found, _ := filepath.Glob(filepath.Join(venv, "lib/python3*/site-packages/s5cmd/bin/s5cmd")); len(found) == 1 {
		t.s5cmd = found[0]
	}
	for _, path := range []string{t.python, t.s5cmd, t.minio, t.beside("aws"), t.beside("rclone")} {
		if _, err := os.Stat(path); err != nil {
			return t, fmt.Errorf("find what to measure against: run make bench-tools: %w", err)
		}
	}
	return t, nil
}

func (t tools) beside(name string) string { return filepath.Join(filepath.Dir(t.python), name) }

// peers are the other ways.
func (t tools) peers() []way {
	boto3 := func(threads int) func(place) []string {
		return func(p place) []string {
			return []string{t.python, t.script, strconv.Itoa(threads), p.store.Store, dagsBucket, "dags/", p.folder(), p.archive()}
		}
	}
	minio := func(p place) []string {
		return []string{t.minio, p.store.Store, dagsBucket, "dags/", p.folder(), p.archive()}
	}
	s5cmd := func(p place) []string {
		return []string{t.s5cmd, "--endpoint-url", p.store.Store, "--log", "error", "sync", "s3://" + dagsBucket + "/dags/*", p.folder() + "/"}
	}
	aws := func(p place) []string {
		return []string{t.beside("aws"), "--endpoint-url", p.store.Store, "s3", "sync", "--only-show-errors", "s3://" + dagsBucket + "/dags/", p.folder()}
	}
	// Without --use-server-modtime it asks for each object's own time with a HEAD, and without --fast-list it lists each
	// folder: both would make it many times slower.
	rclone := func(p place) []string {
		return []string{
			t.beside("rclone"), "sync", "--config", "", "--transfers", "64", "--checkers", "64", "--fast-list", "--use-server-modtime",
			":s3,provider=Other,env_auth=true,force_path_style=true,endpoint='" + p.store.Store + "':" + dagsBucket + "/dags", p.folder(),
		}
	}
	return []way{
		{name: "boto3-loop", label: "boto3, one after another", refetches: true, begin: staying(boto3(1))},
		{name: "boto3-32", label: "boto3, 32 threads", refetches: true, begin: staying(boto3(32))},
		{name: "s5cmd", label: "s5cmd sync", begin: each(s5cmd)},
		{name: "aws-sync", label: "aws s3 sync", begin: each(aws)},
		{name: "rclone", label: "rclone, 64 transfers", begin: each(rclone)},
		{name: "minio-go", label: "list, fetch ×100, tar (minio-go)", refetches: true, begin: staying(minio)},
	}
}

func (p place) folder() string  { return filepath.Join(p.dir, "dags") }
func (p place) archive() string { return filepath.Join(p.dir, "dags.tar.gz") }

// empty makes a place like a new machine's.
func (p place) empty() error {
	return errors.Join(os.RemoveAll(p.folder()), os.RemoveAll(p.archive()), os.MkdirAll(p.folder(), 0o750))
}

// fetched holds the folder to the bucket.
func (p place) fetched(ctx context.Context) error {
	want, err := p.store.dags(ctx)
	if err != nil {
		return err
	}
	var got about
	err = filepath.WalkDir(p.folder(), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			got.Files++
			got.Bytes += info.Size()
		}
		return err
	})
	if err == nil && got != want {
		err = fmt.Errorf("fetched are %d files of %d bytes, and the bucket has %d of %d", got.Files, got.Bytes, want.Files, want.Bytes)
	}
	return err
}

// env is the environment that a peer finds.
func (p place) env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "TMPDIR=" + p.dir, "LANG=C.UTF-8", "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
	}
}

func (p place) command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // the peers
	cmd.Env, cmd.Dir = p.env(), p.dir
	cmd.Stderr = os.Stderr
	return cmd
}

// commands is a way that starts its program for each run, and tar after it.
type commands struct{ args func(place) []string }

func each(args func(place) []string) func(context.Context, place) (runner, error) {
	return func(context.Context, place) (runner, error) { return commands{args}, nil }
}

func (c commands) run(ctx context.Context, p place) (usage, error) {
	var u usage
	for _, args := range [][]string{c.args(p), {"tar", "-C", p.dir, "-czf", p.archive(), "dags"}} {
		cmd := p.command(args)
		cmd.Stdout = os.Stderr
		began := time.Now()
		if err := p.cores.first(cmd.Start); err != nil {
			return u, fmt.Errorf("start %s: %w", args[0], err)
		}
		if err := cmd.Wait(); err != nil {
			return u, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
		u.wall += time.Since(began)
		u.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		u.memory = max(u.memory, rusage(cmd.ProcessState))
	}
	return u, p.fetched(ctx)
}

func (c commands) close() error { return nil }

// stayer is a way whose process stays, like a function's instance: it makes a run when it starts and one for each line
// that it reads.
type stayer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func staying(args func(place) []string) func(context.Context, place) (runner, error) {
	return func(_ context.Context, p place) (runner, error) {
		s := &stayer{cmd: p.command(args(p))}
		in, err := s.cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := s.cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		s.in, s.out = in, bufio.NewReader(out)
		return s, nil
	}
}

func (s *stayer) run(ctx context.Context, p place) (usage, error) {
	w := &stopwatch{began: time.Now()}
	var err error
	if s.cmd.Process == nil {
		err = p.cores.first(s.cmd.Start)
	} else if w, err = watch(s.cmd.Process.Pid); err == nil {
		_, err = io.WriteString(s.in, "again\n")
	}
	if err != nil {
		return usage{}, err
	}
	if line, err := s.out.ReadString('\n'); err != nil || line != "done\n" {
		return usage{}, fmt.Errorf("%s: it said %q: %w", strings.Join(s.cmd.Args, " "), line, err)
	}
	w.pid = s.cmd.Process.Pid
	u, err := w.stop()
	if err != nil {
		return u, err
	}
	return u, p.fetched(ctx)
}

func (s *stayer) close() error {
	err := s.in.Close()
	if s.cmd.Process != nil {
		err = errors.Join(err, s.cmd.Wait())
	}
	return err
}
