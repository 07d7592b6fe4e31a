// Package s3server is an S3 on this machine for the demo and for end-to-end tests: gofakes3 keeps the objects, and
// what it lacks is added here, because a store that is kinder than S3 hides exactly the bugs that a sync must not
// have. Added are preconditions on reads, writes and deletes (with the 409 of writes that overlap), checksums that
// are checked, whole-second LastModified, ETags of multipart uploads that are no content hashes, listings with
// EncodingType=url, archive tiers that refuse reads, and event notifications, which arrive late and in any order.
//
// It asks for no credentials, has no versioning, and is never evidence for what S3 does.
package s3server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Options are what a Server starts with. The zero value is an S3 without buckets that tells nobody anything.
type Options struct {
	// Buckets exist from the start.
	Buckets []string
	// Region stands in events; us-east-1 when empty.
	Region string
	// Notify gets each event notification as S3 sends it to a queue: {"Records":[…]} with one record. Calls are
	// concurrent and in any order, after the write they tell of. Start sends an s3:TestEvent for each of Buckets.
	Notify func(ctx context.Context, body []byte)
	// OnEvent gets the same record, with Notify's promises.
	OnEvent func(Record)
	// Prefix limits events to keys that begin with it, as a notification's filter does.
	Prefix string
	// PlainSlashes leaves slashes in the keys of events as they are. S3 is reported both with and without it
	// (minio/minio issue 11665, aws/aws-sdk-js issue 837); a reader must decode either.
	PlainSlashes bool
	// Now is the server's clock, for Date, LastModified and events; time.Now when nil.
	Now func() time.Time
}

// Server is an S3 server. Make one with New.
type Server struct {
	options Options
	store   store
	fake    http.Handler
	events  *notifier

	mu        sync.RWMutex      // writes of objects exclude each other and the reads
	revisions map[string]uint64 // by bucket/key, how often it was written: how overlapping writes are seen

	listener net.Listener
	http     *http.Server
}

// New makes a server. It serves without Start as an http.Handler too.
func New(options Options) (*Server, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Region == "" {
		options.Region = "us-east-1"
	}
	clock := seconds{options.Now}
	s := &Server{options: options, revisions: map[string]uint64{}, events: newNotifier(options)}
	s.store = store{s3mem.New(s3mem.WithTimeSource(clock))}
	// No limit on skewed clocks: the clock may be a test's.
	s.fake = gofakes3.New(s.store, gofakes3.WithTimeSource(clock), gofakes3.WithTimeSkewLimit(0),
		gofakes3.WithoutVersioning()).Server()
	for _, name := range options.Buckets {
		if err := s.store.CreateBucket(name); err != nil {
			return nil, fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return s, nil
}

// Start listens on address, host:port; on a free port of 127.0.0.1 when it is empty.
func (s *Server) Start(address string) error {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for S3: %w", err)
	}
	s.listener = listener
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(listener) }()
	for _, name := range s.options.Buckets {
		s.events.test(name)
	}
	return nil
}

// URL is the endpoint that clients are given; they address buckets by path. Empty before Start.
func (s *Server) URL() string {
	if s.listener == nil {
		return ""
	}
	return "http://" + s.listener.Addr().String()
}

// Flush waits until every event so far was handed to Notify and OnEvent.
func (s *Server) Flush() { s.events.pending.Wait() }

// Close stops the server at once, ends the context that Notify was given, and waits for its calls.
func (s *Server) Close() error {
	var err error
	if s.http != nil {
		err = s.http.Close()
	}
	s.events.close()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close S3: %w", err)
	}
	return nil
}

// seconds is a clock that shows whole seconds only, as S3's LastModified does: two writes within one second cannot be
// told apart by it.
type seconds struct{ now func() time.Time }

func (c seconds) Now() time.Time                  { return c.now().UTC().Truncate(time.Second) }
func (c seconds) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
