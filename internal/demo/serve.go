package demo

import (
	"net"
	"net/http"
	"time"
)

// serve serves a handler on a free port of this machine.
func serve(h http.Handler) (url string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // ends with ErrServerClosed
	return "http://" + l.Addr().String(), srv.Close, nil
}
