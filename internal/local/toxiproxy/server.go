// Package toxiproxy starts Shopify's toxiproxy for tests: a TCP proxy whose connections can be made slow, thin, cut or
// silent. It is a process of its own, and so keeps its dependencies out of this module.
package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dagferry/dagferry/internal/local"
)

const (
	// startTime is a hundred times what a start takes: tests share their cores.
	startTime = 15 * time.Second
	// starts is how often a start is tried: a port that was free may be somebody's before toxiproxy has it.
	starts = 3
)

// Server is a running toxiproxy.
type Server struct {
	endpoint string
	process  *local.Process
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	var s *Server
	var err error
	for range starts {
		if s, err = start(t.Context()); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("start toxiproxy: %v", err)
	}
	t.Cleanup(func() {
		if err := s.process.Stop(); err != nil {
			t.Errorf("stop toxiproxy: %v", err)
		}
	})
	return s
}

func start(ctx context.Context) (*Server, error) {
	binary, err := local.Tool("DAGFERRY_TOXIPROXY", "bin/toxiproxy")
	if err != nil {
		return nil, err
	}
	address, err := local.FreeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	process, err := local.Run(nil, binary, "-host", host, "-port", port)
	if err != nil {
		return nil, err
	}
	s := &Server{endpoint: "http://" + address, process: process}
	ready, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := process.Ready(ready, func(ctx context.Context) error { return s.call(ctx, http.MethodGet, "/version", nil, nil) }); err != nil {
		process.Stop() //nolint:errcheck // the first error tells more
		return nil, err
	}
	return s, nil
}

// Proxy is a way to a server.
type Proxy struct {
	// URL is the server's, through the proxy.
	URL string

	server *Server
	name   string
}

// Proxy makes a way to the server of an http URL.
func (s *Server) Proxy(t testing.TB, name, upstream string) *Proxy {
	t.Helper()
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatalf("make a proxy: %v", err)
	}
	var made struct{ Listen string }
	err = s.call(t.Context(), http.MethodPost, "/proxies", map[string]any{"name": name, "listen": "127.0.0.1:0", "upstream": u.Host, "enabled": true}, &made)
	if err != nil {
		t.Fatalf("make a proxy: %v", err)
	}
	u.Host = made.Listen
	return &Proxy{URL: u.String(), server: s, name: name}
}

// Toxic is what is wrong with a proxy's connections.
type Toxic struct {
	// Type is one of toxiproxy's: latency, bandwidth, reset_peer, limit_data, timeout, slicer.
	Type string `json:"type"`
	// Stream is upstream (requests) or downstream (answers).
	Stream string `json:"stream"`
	// Toxicity is the share of connections that have it, above 0 to 1.
	Toxicity float64 `json:"toxicity"`
	// Attributes are the type's; times in milliseconds, rates in KB/s.
	Attributes map[string]int `json:"attributes"`
}

func (x Toxic) String() string { return fmt.Sprintf("%s %s %v", x.Stream, x.Type, x.Attributes) }

// Add makes something wrong with the connections, those that are open too.
func (p *Proxy) Add(ctx context.Context, x Toxic) error {
	return p.server.call(ctx, http.MethodPost, "/proxies/"+p.name+"/toxics", x, nil)
}

// Heal makes every proxy of the server sound again.
func (s *Server) Heal(ctx context.Context) error {
	return s.call(ctx, http.MethodPost, "/reset", struct{}{}, nil)
}

func (s *Server) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.endpoint+path, body)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(data)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
