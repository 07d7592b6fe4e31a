// Package cloudrun is a Cloud Run service on this machine for the demo and for end-to-end tests: it runs the real
// executable of a function in one instance, behind a front that lets only so many requests in at a time, starts the
// instance when a request comes, and another when it died. What a function meets only there is done to it here: an
// environment that holds nothing of the shell's, requests that wait and are then refused, a time-out that ends the
// request and not the work, SIGTERM ten seconds before SIGKILL.
//
// The CPU is always allocated, as the Terraform module has it. Callers are not asked who they are.
package cloudrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// startTimeout is how long an instance may take to listen ("Container runtime contract": four minutes; here nothing
	// takes a hundredth of that).
	startTimeout = 15 * time.Second
	// queueTimeout is how long a request waits for its place at least, before it is refused with 429 ("Set maximum number
	// of instances": ten seconds, or a multiple of the start).
	queueTimeout = 10 * time.Second
	// stopTimeout is between SIGTERM and SIGKILL ("Container runtime contract", shutdown).
	stopTimeout = 10 * time.Second
)

// Options are a service's configuration.
type Options struct {
	// Path is the executable.
	Path string
	// Dir is its working directory, a function's source; the executable's own when empty.
	Dir string
	// Env is what the operator sets.
	Env map[string]string
	// Concurrency is how many requests an instance takes at a time; 80 when 0.
	Concurrency int
	// Timeout of a request; 300 s when 0.
	Timeout time.Duration
	// Log gets what the instances write to stdout and stderr, one write at a time.
	Log io.Writer
}

// Service is a service with at most one instance. Make one with Start, end it with Close.
type Service struct {
	options  Options
	log      *log
	server   *http.Server
	url      string
	places   chan struct{}
	inFlight atomic.Int64

	mu     sync.Mutex // guards current
	last   *instance
	closed bool
}

// Start checks the configuration and listens. The first request starts the instance.
func Start(o Options) (*Service, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 80
	}
	if o.Timeout == 0 {
		o.Timeout = 300 * time.Second
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if _, err := os.Stat(o.Path); err != nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	s := &Service{options: o, log: &log{to: o.Log}, url: "http://" + listener.Addr().String(), places: make(chan struct{}, o.Concurrency)}
	s.server = &http.Server{Handler: http.HandlerFunc(s.front), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // ends with ErrServerClosed
	return s, nil
}

// URL is where requests go.
func (s *Service) URL() string { return s.url }

// InFlight is how many requests are waiting or at work.
func (s *Service) InFlight() int { return int(s.inFlight.Load()) }

func (s *Service) front(w http.ResponseWriter, r *http.Request) {
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	timer := time.NewTimer(queueTimeout)
	defer timer.Stop()
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-timer.C:
		http.Error(w, "Rate exceeded.", http.StatusTooManyRequests)
		return
	case <-r.Context().Done():
		return
	}
	i, err := s.instance()
	if err != nil {
		fmt.Fprintf(s.log, "cloudrun: %v\n", err)
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
	defer cancel()
	i.proxy.ServeHTTP(w, r.WithContext(ctx))
}

// unanswered is what a client gets whose request's instance died, or took too long.
func unanswered(w http.ResponseWriter, _ *http.Request, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		http.Error(w, "upstream request timeout", http.StatusGatewayTimeout)
		return
	}
	http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
}

// instance is the one that runs, or a new one.
func (s *Service) instance() (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the service was closed")
	}
	if s.last.alive() {
		return s.last, nil
	}
	i, err := s.start()
	if err == nil {
		s.last = i
	}
	return i, err
}

// Kill ends the instance with SIGKILL, and returns when it is gone. The next request starts another.
func (s *Service) Kill() { s.end((*instance).kill) }

// Terminate ends the instance as Cloud Run does, and returns when it is gone: nil if it went by itself, and without an
// error. No request reaches it meanwhile.
func (s *Service) Terminate() (err error) {
	s.end(func(i *instance) { err = i.terminate() })
	return err
}

func (s *Service) end(how func(*instance)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.alive() {
		how(s.last)
	}
}

// Close ends the service and its instance, at once.
func (s *Service) Close() error {
	err := s.server.Close()
	s.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return err
}

func proxy(address string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: address}) },
		ErrorHandler: unanswered,
	}
}

// log lets instances write to one writer.
type log struct {
	mu sync.Mutex
	to io.Writer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}
