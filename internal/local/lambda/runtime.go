package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// handler is the Runtime API (2018-06-01) and as much of the Extensions API (2020-01-01) as a runtime uses that wants
// SIGTERM.
func (i *instance) handler() http.Handler {
	mux := http.NewServeMux()
	const runtime, extension = "/2018-06-01/runtime/", "/2020-01-01/extension/"
	mux.HandleFunc("GET "+runtime+"invocation/next", i.next)
	mux.HandleFunc("POST "+runtime+"invocation/{id}/response", i.respond)
	mux.HandleFunc("POST "+runtime+"invocation/{id}/error", i.fail)
	mux.HandleFunc("POST "+runtime+"init/error", i.failInit)
	mux.HandleFunc("POST "+extension+"register", i.register)
	mux.HandleFunc("GET "+extension+"event/next", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // no events are sent to an extension
	})
	return mux
}

// next ends the call before, and hands out the next one when there is one.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.settle()
	select {
	case c := <-i.work:
		i.mu.Lock()
		i.current = c
		i.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", c.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", i.function.ARN())
		h.Set("Lambda-Runtime-Trace-Id", traceID())
		_, _ = w.Write(c.payload)
	case <-r.Context().Done():
	}
}

// settle makes the instance available. One that asks for the next event without having answered the last has failed
// that one.
func (i *instance) settle() {
	i.mu.Lock()
	before, first := i.current, !i.asked
	i.current, i.asked = nil, true
	i.mu.Unlock()
	if first {
		if i.function.options.Ready != nil {
			i.function.options.Ready()
		}
		close(i.ready)
		return
	}
	if before == nil {
		return
	}
	before.finish(nil, &FunctionError{Type: "Runtime.NoResponse", Message: "the runtime asked for the next event before it answered this one"})
	i.function.release(i)
	close(before.ended)
}

// respond takes an answer. Too long a one is an error for the caller, and 413 for the runtime.
func (i *instance) respond(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the answer ended early")
		return
	}
	if len(body) > maxAnswer {
		message := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer)
		i.finish(r.PathValue("id"), nil, &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: message})
		_, _ = io.Copy(io.Discard, r.Body)
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", message)
		return
	}
	var failure error
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" { // the answer broke off while it was streamed
		payload, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		failure = reported(payload)
	}
	i.accept(w, r, body, failure)
}

func (i *instance) fail(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	i.accept(w, r, nil, reported(body))
}

func (i *instance) accept(w http.ResponseWriter, r *http.Request, answer []byte, failure error) {
	if !i.finish(r.PathValue("id"), answer, failure) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	accepted(w)
}

// finish finishes the call at work, if it is the one named and has no outcome yet.
func (i *instance) finish(id string, answer []byte, failure error) bool {
	i.mu.Lock()
	c := i.current
	i.mu.Unlock()
	return c != nil && c.id == id && c.finish(answer, failure)
}

func (i *instance) failInit(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	i.mu.Lock()
	i.initError = reported(body)
	i.mu.Unlock()
	accepted(w)
}

// register registers an internal extension without events, which is how aws-lambda-go asks for SIGTERM.
func (i *instance) register(w http.ResponseWriter, r *http.Request) {
	var in struct{ Events []string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Lambda-Extension-Name") == "" {
		refuse(w, http.StatusBadRequest, "Extension.InvalidRequest", "name and events are required")
		return
	}
	if len(slices.Compact(in.Events)) > 0 {
		refuse(w, http.StatusForbidden, "Extension.InvalidEventType", "events are not sent here")
		return
	}
	i.mu.Lock()
	i.extension = true
	i.mu.Unlock()
	w.Header().Set("Lambda-Extension-Identifier", newID())
	_ = json.NewEncoder(w).Encode(map[string]string{
		"functionName": i.function.options.Name, "functionVersion": "$LATEST", "handler": "bootstrap",
	})
}

func accepted(w http.ResponseWriter) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(FunctionError{Type: kind, Message: message})
}

func traceID() string {
	id := strings.ReplaceAll(newID(), "-", "")
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", time.Now().Unix(), id[:24], id[16:])
}
