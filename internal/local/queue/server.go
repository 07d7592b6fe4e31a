package queue

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// account is the account that queues belong to.
const account = "000000000000"

// Options are what a Server starts with. The zero value delivers each message once, in any order.
type Options struct {
	// Region stands in ARNs; us-east-1 when empty.
	Region string
	// Duplicate is the share of messages that come twice although nobody failed: half of these while the first
	// delivery is in flight, half after it was deleted. SQS promises at least once.
	Duplicate float64
	// Seed decides orders and duplicates.
	Seed uint64
}

// Server holds queues and serves them through SQS's JSON protocol. Make one with NewServer.
type Server struct {
	options Options

	mu     sync.Mutex
	queues map[string]*Queue

	listener net.Listener
	http     *http.Server
}

// NewServer makes a server without queues.
func NewServer(options Options) *Server {
	if options.Region == "" {
		options.Region = "us-east-1"
	}
	return &Server{options: options, queues: map[string]*Queue{}}
}

// Create makes a queue, or finds it when there is one of that name with the same attributes.
func (s *Server) Create(name string, attributes Attributes) (*Queue, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`).MatchString(name) {
		return nil, problem("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if attributes.Visibility == 0 {
		attributes.Visibility = 30 * time.Second
	}
	if err := validVisibility(attributes.Visibility); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q, exists := s.queues[name]; exists {
		if q.attributes != attributes {
			return nil, problem("QueueNameExists", "A queue already exists with the same name and a different value for attributes")
		}
		return q, nil
	}
	dead := s.queues[attributes.DeadLetter]
	if attributes.DeadLetter != "" && (dead == nil || attributes.MaxReceives < 1 || attributes.MaxReceives > 1000) {
		return nil, problem("InvalidParameterValue", "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist, or maxReceiveCount is not between 1 and 1000.")
	}
	q := &Queue{
		name: name, attributes: attributes, options: s.options, dead: dead, created: time.Now(),
		random:   mathrand.New(mathrand.NewPCG(s.options.Seed, uint64(len(s.queues)))), //nolint:gosec // no secret
		messages: map[string]*message{}, changed: make(chan struct{}),
	}
	s.queues[name] = q
	return q, nil
}

// find finds a queue by its URL, which ends in its name.
func (s *Server) find(url string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[url[strings.LastIndex(url, "/")+1:]]
	if q == nil {
		return nil, problem("QueueDoesNotExist", "The specified queue does not exist.")
	}
	return q, nil
}

func (s *Server) names(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.queues {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Start listens on address, host:port; on a free port of 127.0.0.1 when it is empty.
func (s *Server) Start(address string) error {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for SQS: %w", err)
	}
	s.listener = listener
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }()
	return nil
}

// URL is the endpoint that clients are given. Empty before Start.
func (s *Server) URL() string {
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String()
}

// QueueURL is a queue's URL.
func (s *Server) QueueURL(q *Queue) string { return s.URL() + "/" + account + "/" + q.name }

// Close stops serving, long polls too. The queues stay.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close SQS: %w", err)
	}
	return nil
}

// nameIn is the name in a queue's ARN.
func nameIn(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }
