package deployment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
	"github.com/dagferry/dagferry/internal/secret"
)

// aSecret stands for a value that is not shown.
const aSecret = "a secret"

// variables compares environment variables, if the file has a section for them. No value is shown of one that is a secret, before or
// after.
func (d *Diff) variables() error {
	if d.file.EnvironmentVariables == nil {
		return nil
	}
	live := map[string]astro.Variable{}
	for _, v := range d.live.EnvironmentVariables {
		live[v.Key] = v
	}
	d.update.EnvironmentVariables = []astro.VariableUpdate{}
	var problems []error
	for _, v := range slices.SortedFunc(slices.Values(d.file.EnvironmentVariables), func(a, b config.Variable) int { return cmp.Compare(a.Key, b.Key) }) {
		was, there := live[v.Key]
		delete(live, v.Key)
		problems = append(problems, d.variable(v, was, there))
	}
	for _, v := range d.live.EnvironmentVariables {
		if _, left := live[v.Key]; left {
			c := Change{Kind: Removed, Section: Variables, Name: v.Key, From: v.Value}
			if v.IsSecret {
				c.From, c.Note = nil, aSecret
			}
			d.add(c)
		}
	}
	return errors.Join(problems...)
}

func (d *Diff) variable(v config.Variable, was astro.Variable, there bool) error {
	update := astro.VariableUpdate{Key: v.Key, IsSecret: v.IsSecret}
	reference := v.Reference()
	switch kept := there && was.IsSecret; {
	case !v.IsSecret:
		update.Value = string(*v.Value)
		d.suspect(update)
	case reference != "":
		d.Secrets = append(d.Secrets, Secret{v.Key, secret.Shown(reference)})
	case !kept:
		return fmt.Errorf("the secret %s has no value, and Astro has none to keep: write where it is, such as env://%s", v.Key, v.Key)
	}
	d.update.EnvironmentVariables = append(d.update.EnvironmentVariables, update)
	// Both values are empty of a secret, which cannot be compared.
	if !there || was.IsSecret != update.IsSecret || was.Value != update.Value {
		d.add(variableChange(was, there, update))
	}
	return nil
}

// variableChange shows values only of what neither is nor was a secret, or is none any more.
func variableChange(was astro.Variable, there bool, to astro.VariableUpdate) Change {
	c := Change{Kind: Changed, Section: Variables, Name: to.Key}
	if !there {
		c.Kind = Added
	}
	switch {
	case to.IsSecret && there && !was.IsSecret:
		c.Note = "becomes a secret"
	case to.IsSecret:
		c.Note = aSecret
	case there && was.IsSecret:
		c.To, c.Note = to.Value, "was a secret"
	case there:
		c.From, c.To = was.Value, to.Value
	default:
		c.To = to.Value
	}
	return c
}

// suspect notes a text that looks like a reference: it is sent as it stands.
func (d *Diff) suspect(v astro.VariableUpdate) {
	for _, scheme := range []string{"env://", "secretsmanager://", "gcp-secret://"} {
		if strings.HasPrefix(v.Value, scheme) {
			d.note("%s has the text %s: references are followed only where is_secret is true", v.Key, secret.Shown(v.Value))
		}
	}
}
