package astrotest

import (
	"net/http"
	"time"
)

// limits are requests per second and token [doc].
func limits(method string) int {
	switch method {
	case http.MethodPost:
		return 10
	case http.MethodDelete:
		return 5
	default:
		return 25
	}
}

// limit refuses a request when the second before it has as many as there may be. What is refused does not count.
func (s *Server) limit(q *request) error {
	if s.o.NoRateLimit {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, key := s.o.Now(), q.http.Method+" "+q.caller.token
	recent := s.taken[key][:0]
	for _, at := range s.taken[key] {
		if now.Sub(at) < time.Second {
			recent = append(recent, at)
		}
	}
	if len(recent) >= limits(q.http.Method) {
		s.taken[key] = recent
		p := problem(http.StatusTooManyRequests, "rate limit exceeded")
		p.retryAfter = "1"
		return p
	}
	s.taken[key] = append(recent, now)
	return nil
}
