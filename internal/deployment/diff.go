// Package deployment is configuration as code: it compares a file that configures a Deployment with what Astro has, and makes Astro have what
// the file says. It exists because Astro's update replaces whatever it names, so that a file applied without looking wipes what it does
// not mention: here a section that is absent is sent back as it was, a removal is only made by one who allows it, and somebody else's
// change in between is noticed.
package deployment

import (
	"context"
	"fmt"
	"slices"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/fault"
)

// Sections of a file.
const (
	Configuration = "configuration"
	Variables     = "environment_variables"
	Queues        = "worker_queues"
	Emails        = "alert_emails"
	Schedules     = "hibernation_schedules"
)

// Kind is what becomes of something.
type Kind string

// Kinds of changes.
const (
	Added   Kind = "added"
	Changed Kind = "changed"
	Removed Kind = "removed"
)

// Change is one difference between the file and Astro.
type Change struct {
	Kind    Kind   `json:"kind"`
	Section string `json:"section"`
	// Name is the setting's, the variable's key, the queue's name, the address, or the schedule's times. Field is which of a queue's or a
	// schedule's values changes.
	Name  string `json:"name"`
	Field string `json:"field,omitempty"`
	// From is what Astro has, To what the file says: nil where there is nothing, and where it is a secret.
	From any `json:"from,omitempty"`
	To   any `json:"to,omitempty"`
	// Note says what cannot be shown.
	Note string `json:"note,omitempty"`
}

// Secret is a variable whose value is set from a reference. Astro never tells what it has, so nobody can say whether that is a change.
type Secret struct {
	Key       string `json:"key"`
	Reference string `json:"reference"`
}

// Diff is how a file differs from a Deployment, and what it takes to apply it.
type Diff struct {
	// Deployment is the id, Name what Astro calls it.
	Deployment string `json:"deployment"`
	Name       string `json:"name"`
	File       string `json:"file"`
	// Changes are by section.
	Changes []Change `json:"changes"`
	// Secrets are set at each apply, whether they are new or not. They count for no difference.
	Secrets []Secret `json:"secrets"`
	// Notes are what people should know, one sentence each.
	Notes []string `json:"notes"`

	client *astro.Client
	file   config.Deployment
	live   astro.Settings
	update astro.Update
}

// Compare reads a Deployment, and says how a file differs from it. Errors are classified: fault.Denied if the file is not for
// this Deployment, fault.Rejected if it asks for what Astro would refuse.
func Compare(ctx context.Context, client *astro.Client, id string, file config.Deployment) (Diff, error) {
	live, err := read(ctx, client, id)
	if err != nil {
		return Diff{}, err
	}
	d, err := compare(file, live)
	d.client = client
	return d, err
}

// read reads a Deployment that can be configured here.
func read(ctx context.Context, client *astro.Client, id string) (astro.Settings, error) {
	live, err := client.Settings(ctx, id)
	if err != nil {
		return astro.Settings{}, err
	}
	if live.Type == astro.DeploymentHybrid {
		return astro.Settings{}, fault.Errorf(fault.Denied, "the Deployment %s is a Hybrid one, whose settings are others: configure it with Astro's own CLI, and leave its file out of pipeline.deployments", id)
	}
	return live, nil
}

func compare(file config.Deployment, live astro.Settings) (Diff, error) {
	d := Diff{
		Deployment: live.ID, Name: live.Name, File: file.File, Changes: []Change{}, Secrets: []Secret{}, Notes: []string{},
		file: file, live: live, update: live.Update(),
	}
	d.settings()
	d.fixed()
	for _, section := range []func() error{d.variables, d.queues, d.emails, d.schedules} {
		if err := section(); err != nil {
			return d, fault.As(fault.Rejected, fmt.Errorf("%s: %w", file.File, err))
		}
	}
	return d, nil
}

// Empty reports whether Astro has what the file says, as far as it can be compared.
func (d Diff) Empty() bool { return len(d.Changes) == 0 }

// Removals are the variables, queues, addresses and schedules that would be gone.
func (d Diff) Removals() []Change {
	return slices.DeleteFunc(slices.Clone(d.Changes), func(c Change) bool { return c.Kind != Removed })
}

func (d *Diff) add(c Change) { d.Changes = append(d.Changes, c) }

func (d *Diff) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}
