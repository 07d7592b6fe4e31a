// Package validator asks an importer what a real import of DAG files finds. The importer (functions/validator) runs authors'
// code, so it is always somewhere else: in another process, a Cloud Run service or a Lambda function that may do nothing. This
// package knows what is asked and answered, and what an answer means for a run; how it gets there is a Transport's business.
package validator

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"
)

// version is the protocol's; an importer that speaks another one refuses.
const version = 1

// MaxAnswer bounds what a Transport reads of an answer, in bytes: an importer shortens its own to a Lambda function's 6 MB.
const MaxAnswer = 16 << 20

// Transport takes a request to an importer and brings the answer.
type Transport interface {
	// Call sends the request, which is JSON, and returns the answer, which is JSON too, whatever it says.
	Call(ctx context.Context, request []byte) ([]byte, error)
	// Limit is the largest request in bytes.
	Limit() int
	// String names the importer in messages.
	String() string
}

// Options say how files are imported.
type Options struct {
	// Strict has no mocks: a Variable or Connection that Environment does not give is missing, as in Airflow.
	Strict bool
	// Environment is what files find in os.environ: settings of theirs, AIRFLOW_VAR_X and AIRFLOW_CONN_X. No secrets.
	Environment map[string]string
	// Timeout bounds one file; 0 is the importer's own, which is Airflow's, 30 s.
	Timeout time.Duration
	// Memory in bytes bounds what one file takes; 0 is the importer's own, 1 GB.
	Memory int64
	// Depot is for a bundle that is too large for a request.
	Depot Depot
}

// request is what an importer is asked (functions/validator, supervisor.py).
type request struct {
	Version     int               `json:"version"`
	Files       []string          `json:"files"`
	Bundle      []byte            `json:"bundle,omitempty"`
	BundleAt    *place            `json:"bundleAt,omitempty"` // instead of Bundle
	Strict      bool              `json:"strict,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	Timeout     float64           `json:"timeout,omitempty"` // seconds
	Budget      float64           `json:"budget,omitempty"`  // seconds
	Memory      int64             `json:"memory,omitempty"`  // bytes
}

// Answer is what an importer found.
type Answer struct {
	Airflow string `json:"airflow"`
	Python  string `json:"python"`
	// Guards names what kept the files from doing harm: limits, audit, seccomp, landlock.
	Guards  []string `json:"guards"`
	Seconds float64  `json:"seconds"`
	Files   []File   `json:"files"`

	Version int    `json:"version"`
	Error   string `json:"error"`

	// left says what of the bundle stays in the depot.
	left error
}

// File is what the import of one file found.
type File struct {
	Path     string  `json:"path"`
	Seconds  float64 `json:"seconds"`
	Findings []Found `json:"findings"`
	DAGs     []DAG   `json:"dags"`
}

// Found is one thing that is wrong with a file.
type Found struct {
	Rule string `json:"rule"`
	// Line from 1, or 0 when it is not known.
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	// Trace is the traceback, from the file on.
	Trace string `json:"trace"`
}

// DAG is one that a file defines.
type DAG struct {
	ID string `json:"id"`
	// Schedule as people write it, or the name of its timetable; empty for none.
	Schedule string      `json:"schedule"`
	Tasks    []string    `json:"tasks"`
	Edges    [][2]string `json:"edges"`
}

// UnavailableError means that an importer gave no answer that could be used: nothing is known about the files.
type UnavailableError struct {
	// Importer names it.
	Importer string
	// Reason says what happened.
	Reason error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("ask the validator %s: %v", e.Importer, e.Reason)
}

func (e *UnavailableError) Unwrap() error { return e.Reason }

// reserve is what a call leaves of its time for the answer's way back.
const reserve = 5 * time.Second

// Import has the importer import some files of a tree, each on its own. Its error is ctx's, the tree's, or an *UnavailableError.
func Import(ctx context.Context, to Transport, tree fs.FS, files []string, o Options) (Answer, error) {
	bundle, err := pack(ctx, tree)
	if err != nil {
		return Answer{}, fmt.Errorf("pack the bundle for the validator: %w", err)
	}
	asked := request{Version: version, Files: files, Strict: o.Strict, Environment: o.Environment, Timeout: o.Timeout.Seconds(), Memory: o.Memory}
	answer, err := ask(ctx, to, asked, bundle, o.Depot)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(ctx.Err(), context.Canceled):
		return Answer{}, ctx.Err()
	default:
		return Answer{left: answer.left}, &UnavailableError{Importer: to.String(), Reason: err}
	}
}

// ask sends the bundle in the request or, where the transport does not take that much, by way of the depot.
func ask(ctx context.Context, to Transport, asked request, bundle []byte, depot Depot) (Answer, error) {
	rest, err := json.Marshal(asked)
	if err != nil {
		return Answer{}, fmt.Errorf("write the request: %w", err)
	}
	size := len(rest) + len(`"bundle":"",`) + base64.StdEncoding.EncodedLen(len(bundle))
	if size > to.Limit() {
		return depot.ask(ctx, to, asked, bundle, size)
	}
	asked.Bundle = bundle
	said, err := send(ctx, to, asked)
	if err != nil {
		return Answer{}, err
	}
	return read(said, asked.Files)
}

func send(ctx context.Context, to Transport, asked request) ([]byte, error) {
	if end, bounded := ctx.Deadline(); bounded {
		asked.Budget = math.Max((time.Until(end) - reserve).Seconds(), 1)
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	said, err := to.Call(ctx, body)
	if err == nil && len(said) > MaxAnswer {
		err = fmt.Errorf("its answer is larger than %d MB", MaxAnswer>>20)
	}
	return said, err
}

// read takes an answer only if it is one about each of the files.
func read(said []byte, files []string) (Answer, error) {
	var a Answer
	if err := json.Unmarshal(said, &a); err != nil {
		return Answer{}, fmt.Errorf("its answer makes no sense: %w (it begins with %q)", err, said[:min(len(said), 100)])
	}
	switch {
	case a.Error != "":
		return Answer{}, errors.New(a.Error)
	case a.Version != version:
		return Answer{}, fmt.Errorf("its answer is of version %d, and this program reads version %d: use an image and a program of one release", a.Version, version)
	case len(a.Files) != len(files):
		return Answer{}, fmt.Errorf("its answer is about %d files, and %d were asked about", len(a.Files), len(files))
	}
	for i, f := range a.Files {
		if f.Path != files[i] {
			return Answer{}, fmt.Errorf("its answer is about %q, and %q was asked about", f.Path, files[i])
		}
	}
	return a, nil
}
