package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	published "github.com/dagferry/dagferry/schema"
)

var update = flag.Bool("update", false, "write the schema anew")

func TestSchema_isWhatTheTypesSay(t *testing.T) {
	want, err := generate()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("../../schema/dagferry.schema.json", want, 0o644))
		return
	}
	assert.Equal(t, string(want), string(published.JSON), "run go generate ./internal/config")
}

func TestSchema_everyKeyIsDescribed(t *testing.T) {
	var root schema
	require.NoError(t, json.Unmarshal(published.JSON, &root))
	known := map[string]bool{}
	each(&root, "", func(s *schema, key string) {
		known[key] = true
		for name, p := range s.Properties {
			assert.NotEmpty(t, p.Description, "%s.%s", key, name)
			if p.AdditionalProperties != nil && p.AdditionalProperties != false {
				known[key+"."+name+".*"] = true
			}
		}
	})
	for _, key := range slices.Concat(slices.Collect(maps.Keys(facts)), slices.Collect(maps.Keys(required))) {
		assert.True(t, known[key], "there is no key %s any more", key)
	}
}

// each visits a schema and those in it.
func each(s *schema, key string, visit func(s *schema, key string)) {
	visit(s, key)
	if s.Items != nil {
		each(s.Items, key+"[]", visit)
	}
	for name, p := range s.Properties {
		below := name
		if key != "" {
			below = key + "." + name
		}
		each(p, below, visit)
	}
}

func TestSchema_takesWhatTheProgramTakes(t *testing.T) {
	s := compiled(t)
	for _, file := range archive(t, "testdata/good.txtar") {
		doc := values(t, file.Data)
		assert.NoError(t, s.Validate(doc), file.Name)
		asJSON, err := json.Marshal(doc)
		require.NoError(t, err)
		_, err = Parse(file.Name, asJSON)
		assert.NoError(t, err, "JSON is YAML")
	}
}

// What no schema can say: that two values do not go together, and what is no YAML, or none of this program's.
func TestSchema_refusesWhatTheProgramRefuses(t *testing.T) {
	s := compiled(t)
	together := []string{"inside.yaml", "spelled.yaml", "crossed.yaml", "twice.yaml", "folder.yaml", "same.yaml", "below.yaml"}
	unread := []string{"syntax.yaml", "empty.yaml", "key.yaml", "two.yaml", "tag.yaml", "anchors.yaml", "names.yaml", "unnamed.yaml"}
	all := archive(t, "testdata/problems.txtar")
	for i := 0; i < len(all); i += 2 {
		if file := all[i]; slices.Contains(together, file.Name) {
			assert.NoError(t, s.Validate(values(t, file.Data)), "%s: the schema can say it after all", file.Name)
		} else if !slices.Contains(unread, file.Name) {
			assert.Error(t, s.Validate(values(t, file.Data)), file.Name)
		}
	}
}

// Each key in turn gets a value of another type, or is missing, or has a stranger beside it.
func TestSchema_andProgramAgreeOnEveryKey(t *testing.T) {
	s := compiled(t)
	var root schema
	require.NoError(t, json.Unmarshal(published.JSON, &root))
	var most []byte
	for _, file := range archive(t, "testdata/good.txtar") {
		if file.Name == "most.yaml" {
			most = file.Data
		}
	}
	agree := func(what string, change func(doc any)) {
		doc := values(t, most)
		change(doc)
		text, err := json.Marshal(doc) // JSON is YAML
		require.NoError(t, err)
		assert.Error(t, s.Validate(doc), "the schema takes %s: %s", what, text)
		_, err = Parse("x", text)
		assert.Error(t, err, "the program takes %s", what)
	}
	wrong := map[string][]any{
		"string": {[]any{"a"}, map[string]any{"a": "b"}}, "boolean": {"perhaps", json.Number("2")}, "integer": {"many", json.Number("1.5")},
		"array": {"text", map[string]any{}}, "object": {"text", []any{}},
	}
	checked := 0
	each(&root, "", func(s *schema, key string) {
		for _, value := range wrong[s.Type] {
			if key != "" {
				checked++
				agree(key+" with a value of another type", func(doc any) { set(t, doc, key, value) })
			}
		}
		if s.Type != "object" {
			return
		}
		below := ""
		if key != "" {
			below = key + "."
		}
		if s.AdditionalProperties == false {
			agree("an unknown key beside those of "+key, func(doc any) { set(t, doc, below+"stranger", "x") })
		}
		for _, name := range s.Required {
			agree("nothing for "+below+name, func(doc any) { set(t, doc, below+name, nil) })
		}
	})
	assert.Greater(t, checked, 60)
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(published.JSON))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

func archive(t *testing.T, path string) []txtar.File {
	t.Helper()
	a, err := txtar.ParseFile(path)
	require.NoError(t, err)
	return a.Files
}

// values are what a YAML text holds, as an editor sees them.
func values(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(text, &v))
	asJSON, err := json.Marshal(v)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return doc
}

// set puts a value at a key such as targets[].name, into the first of each list, or takes away what is there when it is
// nil.
func set(t *testing.T, doc any, key string, value any) {
	t.Helper()
	at := doc
	steps := strings.Split(strings.ReplaceAll(key, "[]", ".[]"), ".")
	for i, step := range steps {
		last := i == len(steps)-1
		switch holder := at.(type) {
		case map[string]any:
			if last && value == nil {
				delete(holder, step)
			} else if last {
				holder[step] = value
			}
			at = holder[step]
		case []any:
			require.Equal(t, "[]", step)
			if last {
				holder[0] = value
			}
			at = holder[0]
		default:
			t.Fatalf("there is no %s to change", key)
		}
	}
}
