package terraform_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// workplace is where make tf has its copy of the modules, and the results of their tests.
func workplace(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("DAGFERRY_TF")
	if dir == "" {
		t.Skip("make tf runs this, after terraform test")
	}
	return dir
}

// resource is a resource as a run of terraform test left it, or planned it.
type resource struct {
	Address string         `json:"address"`
	Type    string         `json:"type"`
	Mode    string         `json:"mode"`
	Values  map[string]any `json:"values"`
}

type module struct {
	Resources []resource `json:"resources"`
	Children  []module   `json:"child_modules"`
}

func (m module) all() []resource {
	all := m.Resources
	for _, c := range m.Children {
		all = append(all, c.all()...)
	}
	return all
}

// message is one line of terraform test -json -verbose.
type message struct {
	Type  string `json:"type"`
	File  string `json:"@testfile"`
	Run   string `json:"@testrun"`
	State struct {
		Root module `json:"root_module"`
	} `json:"test_state"`
	Plan struct {
		Changes []struct {
			resource
			Change struct {
				After map[string]any `json:"after"`
			} `json:"change"`
		} `json:"resource_changes"`
	} `json:"test_plan"`
	Diagnostic struct {
		Detail string `json:"detail"`
	} `json:"diagnostic"`
}

// run is what a run of terraform test made, or planned.
type run struct {
	name      string
	resources []resource
}

func (r run) of(kind string) []resource {
	var of []resource
	for _, x := range r.resources {
		if x.Type == kind && x.Mode == "managed" {
			of = append(of, x)
		}
	}
	return of
}

// runsOf are the runs of a cloud's module and examples. Their results are read once: each line has the provider's schemas.
func runsOf(t testing.TB, cloud string) []run {
	t.Helper()
	work := workplace(t)
	read, _ := results.LoadOrStore(cloud, sync.OnceValues(func() ([]run, error) {
		return load(filepath.Join(work, "results", "[em]*-"+cloud+"-*.json"))
	}))
	all, err := read.(func() ([]run, error))()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

var results sync.Map

func load(pattern string) ([]run, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var all []run
	for _, file := range files {
		messages, err := messages(file)
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			r := run{name: filepath.Base(file) + ": " + m.Run}
			switch m.Type {
			case "test_state":
				r.resources = m.State.Root.all()
			case "test_plan":
				for _, c := range m.Plan.Changes {
					c.Values = c.Change.After
					r.resources = append(r.resources, c.resource)
				}
			default:
				continue
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func messages(file string) ([]message, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []message
	for in := bufio.NewReader(f); ; {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var m message
			if err := json.Unmarshal(line, &m); err != nil {
				return nil, err
			}
			all = append(all, m)
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// list is a resource's blocks of a kind.
func list(v any) []map[string]any {
	var all []map[string]any
	items, _ := v.([]any)
	for _, item := range items {
		if m, is := item.(map[string]any); is {
			all = append(all, m)
		}
	}
	return all
}

// first is a block of which there is one, or nothing.
func first(v any) map[string]any {
	if all := list(v); len(all) > 0 {
		return all[0]
	}
	return nil
}

// seconds reads a time that is a number of them, or a text such as 600s.
func seconds(v any) time.Duration {
	switch v := v.(type) {
	case float64:
		return time.Duration(v) * time.Second
	case string:
		d, _ := time.ParseDuration(v)
		return d
	}
	return 0
}
