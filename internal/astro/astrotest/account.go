package astrotest

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A list has 20 entries unless asked, and 1000 at most [doc].
const (
	defaultLimit = 20
	maxLimit     = 1000
)

// page is the part of a list that a request asks for, in the form that all of Astro's lists have [doc].
func (q *request) page(name string, list any) (any, error) {
	limit, err := q.number("limit", defaultLimit)
	if err != nil {
		return nil, err
	}
	offset, err := q.number("offset", 0)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > maxLimit || offset < 0 {
		return nil, problem(http.StatusBadRequest, "invalid request: limit is 1 to %d, and offset not below 0", maxLimit)
	}
	all := reflect.ValueOf(list)
	from := min(offset, all.Len())
	return map[string]any{
		name: all.Slice(from, min(from+limit, all.Len())).Interface(), "limit": limit, "offset": offset, "totalCount": all.Len(),
	}, nil
}

func (q *request) number(name string, otherwise int) (int, error) {
	s := q.http.URL.Query().Get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, problem(http.StatusBadRequest, "invalid request: %s is no number", name)
	}
	return n, nil
}

// named reports whether a list parameter, repeated or with commas, has the value or is not there.
func (q *request) named(parameter, value string) bool {
	wanted := q.http.URL.Query()[parameter]
	return len(wanted) == 0 || slices.Contains(strings.Split(strings.Join(wanted, ","), ","), value)
}

func (s *Server) listOrganizations(q *request) (any, error) {
	return q.page("organizations", []map[string]string{{"id": q.caller.organization, "name": "Simulated"}})
}

// listDeployments are those that the token sees and that were used before, by id.
func (s *Server) listDeployments(q *request) (any, error) {
	for _, id := range s.o.StrictDeployments {
		if d := s.lookup(id); d != nil {
			s.claim(d, q.caller)
		}
	}
	list := []map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(s.deployments)) {
		d := s.deployments[id]
		if !d.missing && q.caller.sees(d) && q.named("deploymentIds", id) && q.named("workspaceIds", d.workspace) && q.named("names", d.settings.Name) {
			list = append(list, s.view(d))
		}
	}
	return q.page("deployments", list)
}

func (s *Server) listWorkspaces(q *request) (any, error) {
	list := []map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(s.workspaces)) {
		if s.workspaces[id] == q.caller.organization && (q.caller.workspace == "" || q.caller.workspace == id) {
			list = append(list, map[string]string{"id": id, "name": id, "organizationId": q.caller.organization})
		}
	}
	return q.page("workspaces", list)
}

// deploymentOptions has the Runtimes of Astronomer's catalogue that were seen, newest first.
func (s *Server) deploymentOptions(*request) (any, error) {
	releases := []map[string]string{}
	for _, v := range []string{"3.3-8", "3.2-10", "3.1-12", "13.9.0", "11.10.0"} {
		releases = append(releases, map[string]string{"version": v, "airflowVersion": airflow(v), "channel": "stable"})
	}
	return map[string]any{"runtimeReleases": releases}, nil
}

// environmentObject is a connection, variable or exporter that Astro keeps [doc]; only what names it is looked at.
type environmentObject struct {
	organization string
	fields       map[string]any
}

func (s *Server) listObjects(q *request) (any, error) {
	list := []map[string]any{}
	for _, o := range s.objects {
		kind, _ := o.fields["objectType"].(string)
		if o.organization == q.organization() && q.named("objectType", kind) {
			list = append(list, o.fields)
		}
	}
	return q.page("environmentObjects", list)
}

func (s *Server) createObject(q *request) (any, error) {
	var fields map[string]any
	if err := q.decode(&fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"objectKey", "objectType", "scope", "scopeEntityId"} {
		if v, _ := fields[name].(string); v == "" {
			return nil, problem(http.StatusBadRequest, "invalid request: %s is required", name)
		}
	}
	id := s.newID()
	fields["id"] = id
	s.objects = append(s.objects, environmentObject{q.organization(), fields})
	return map[string]string{"id": id}, nil
}

func (s *Server) deleteObject(q *request) (any, error) {
	before := len(s.objects)
	s.objects = slices.DeleteFunc(s.objects, func(o environmentObject) bool {
		return o.organization == q.organization() && o.fields["id"] == q.http.PathValue("id")
	})
	if len(s.objects) == before {
		return nil, problem(http.StatusNotFound, "environment object %s not found", q.http.PathValue("id"))
	}
	return nil, nil
}
