// Package schema holds the JSON Schema of dagferry.yaml, for editors and other programs. It is made of the types of
// internal/config, which stays the judge of what is right: go generate ./internal/config writes it anew.
package schema

import _ "embed" // for JSON

// JSON is the schema: draft-07, which the YAML plugins of editors know best.
//
//go:embed dagferry.schema.json
var JSON []byte
