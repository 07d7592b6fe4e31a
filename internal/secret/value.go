// Package secret turns references (env://NAME, file:///path, secretsmanager://id) into values that cannot be printed
// by accident.
package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// Value is a secret. However it is formatted, logged or encoded, it prints as [redacted]; only Reveal tells it. (In an
// unexported field, where package fmt calls no methods, it prints as an address: hence the pointer.)
type Value struct{ s *string }

// NewValue makes a secret of s.
func NewValue(s string) Value { return Value{&s} }

// Reveal is the secret itself: for an Authorization header, and nothing that is kept.
func (v Value) Reveal() string {
	if v.s == nil {
		return ""
	}
	return *v.s
}

// IsZero reports whether there is no secret.
func (v Value) IsZero() bool { return v.Reveal() == "" }

// String is [redacted].
func (v Value) String() string { return redacted }

// Format prints [redacted] for every verb: without it, %d tells the string inside.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// Without is an environment without the variables whose values have one of the secrets in them: for programs that are not to know it.
func Without(environment []string, secrets ...Value) []string {
	var kept []string
	for _, variable := range environment {
		_, value, _ := strings.Cut(variable, "=")
		if !slices.ContainsFunc(secrets, func(v Value) bool { return !v.IsZero() && strings.Contains(value, v.Reveal()) }) {
			kept = append(kept, variable)
		}
	}
	return kept
}

// MarshalText is [redacted], for YAML and slog.
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is "[redacted]".
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
