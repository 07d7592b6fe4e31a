package gcssync

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/event"
	"github.com/dagferry/dagferry/internal/parse"
)

// maxRequest is Pub/Sub's largest message, and its envelope.
const maxRequest = 16 << 20

// host is the function between requests.
type host struct {
	env           config.Env
	log           *slog.Logger
	configuration *config.Reader
	runs          *dispatch.Coalescer
}

// ServeHTTP takes one message: a push of a Pub/Sub subscription, a CloudEvent of Eventarc, or a schedule's call. The
// configuration is read anew. Anything but 2xx makes the message come back, by its sender's rules.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "messages are posted", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the message cannot be read", http.StatusBadRequest)
		return
	}
	cfg, err := h.configuration.Function(r.Context(), h.env)
	if err != nil {
		h.log.Error("the configuration cannot be used", "error", err)
		http.Error(w, "the configuration cannot be used", http.StatusInternalServerError)
		return
	}
	m := dispatch.Message{Body: structured(r.Header, body), ID: r.Header.Get("Ce-Id"), Receives: 1, Sent: time.Now()}
	answer(w, h.runs.Do(r.Context(), cfg, m))
}

// answer tells the sender whether the message is done. What is wrong is in the log: the sender has no eyes.
func answer(w http.ResponseWriter, v dispatch.Verdict) {
	switch {
	case !v.Back:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(v.Err, event.ErrUnknown):
		http.Error(w, "this is no message that dagferry knows", http.StatusBadRequest)
	default:
		w.Header().Set("Retry-After", fmt.Sprint(int(v.Wait.Seconds())))
		http.Error(w, "not done yet", http.StatusServiceUnavailable)
	}
}

// structured is a CloudEvent in one JSON object, if a request has one in its headers ("HTTP Protocol Binding for
// CloudEvents", binary mode), and the body otherwise.
func structured(header http.Header, body []byte) []byte {
	if header.Get("Ce-Type") == "" {
		return body
	}
	one := map[string]any{}
	for name := range header {
		if attribute, is := strings.CutPrefix(name, "Ce-"); is {
			one[strings.ToLower(attribute)] = header.Get(name)
		}
	}
	one["data"] = json.RawMessage(body)
	if !json.Valid(body) {
		one["data"] = string(body)
	}
	out, err := json.Marshal(one)
	if err != nil {
		return body
	}
	return out
}

// interpreter is the packaged one. The platform builds a function's source into a program of its own elsewhere, and
// leaves the source in a folder of the working directory ("Cloud Run functions: source directory structure").
func interpreter(env config.Env) (string, error) {
	path, err := parse.Find(env.Interpreter())
	if !errors.Is(err, parse.ErrNoInterpreter) {
		return path, err
	}
	for _, source := range []string{"serverless_function_source_code", "."} {
		packaged, absErr := filepath.Abs(filepath.Join(source, filepath.FromSlash(parse.InterpreterPath)))
		if absErr != nil {
			continue
		}
		if _, statErr := os.Stat(packaged); statErr == nil {
			return parse.Find(packaged)
		}
	}
	return "", err
}
