package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// addresses are where the store's process serves.
type addresses struct {
	Store string `json:"store"`
	Astro string `json:"astro"`
}

// serve is the store's process: it tells its addresses, and ends when its input does, which is when whoever started it is
// gone.
func serve(seed uint64, in io.Reader, out io.Writer) error {
	s := newStore(latency{seed: seed}, time.Now, dagsBucket, stateBucket)
	c := &control{seed: seed, store: s}
	mux := http.NewServeMux()
	c.routes(mux)
	store, err := listen(split(mux, s))
	if err != nil {
		return err
	}
	astro, err := listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.simulator().ServeHTTP(w, r) }))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(addresses{store, astro}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// split keeps the objects from a ServeMux, which would tidy their paths.
func split(control, store http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, controlPath) {
			control.ServeHTTP(w, r)
			return
		}
		store.ServeHTTP(w, r)
	})
}

func listen(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// remote is the store's process for the measuring one.
type remote struct {
	addresses
	process *exec.Cmd
	leash   io.Closer
}

// startStore starts this program again, on the cores that what is measured does not have.
func startStore(seed uint64, at cores) (*remote, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", "-seed", fmt.Sprint(seed)) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := at.others(cmd.Start); err != nil {
		return nil, fmt.Errorf("start the store: %w", err)
	}
	s := &remote{process: cmd, leash: in}
	if err := json.NewDecoder(out).Decode(&s.addresses); err != nil {
		return nil, errors.Join(fmt.Errorf("start the store: %w", err), s.close())
	}
	return s, nil
}

func (s *remote) close() error {
	return errors.Join(s.leash.Close(), s.process.Wait())
}

// call asks the control for something.
func (s *remote) call(ctx context.Context, method, what string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.Store+controlPath+what, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the store for %s: %w", what, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("ask the store for %s: %s: %s", what, response.Status, text)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (s *remote) tree(ctx context.Context, files int) (a about, err error) {
	return a, s.call(ctx, http.MethodPost, fmt.Sprintf("tree?files=%d", files), &a)
}

func (s *remote) edit(ctx context.Context) (e edit, err error) {
	return e, s.call(ctx, http.MethodPost, "edit", &e)
}

func (s *remote) forget(ctx context.Context) error {
	var nothing any
	return s.call(ctx, http.MethodPost, "forget", &nothing)
}

func (s *remote) counts(ctx context.Context) (t tally, err error) {
	return t, s.call(ctx, http.MethodPost, "counts", &t)
}

func (s *remote) dags(ctx context.Context) (a about, err error) {
	return a, s.call(ctx, http.MethodGet, "dags", &a)
}

func (s *remote) steps(ctx context.Context) (all []step, err error) {
	return all, s.call(ctx, http.MethodGet, "steps", &all)
}

func (s *remote) live(ctx context.Context, deployment string) (a about, err error) {
	return a, s.call(ctx, http.MethodGet, "live/"+deployment, &a)
}
