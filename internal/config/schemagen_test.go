package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/bundle"
)

// schema is what this program uses of JSON Schema.
type schema struct {
	Draft       string   `json:"$schema,omitempty"`
	ID          string   `json:"$id,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type"`
	Const       any      `json:"const,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	MinLength   int      `json:"minLength,omitempty"`
	Minimum     *int     `json:"minimum,omitempty"`
	MinItems    int      `json:"minItems,omitempty"`
	// MinProperties is for what has names of the author's.
	MinProperties int      `json:"minProperties,omitempty"`
	Default       any      `json:"default,omitempty"`
	Examples      []string `json:"examples,omitempty"`
	Items         *schema  `json:"items,omitempty"`
	// AdditionalProperties is false for what has properties, and a schema for what has names of the author's.
	AdditionalProperties any                `json:"additionalProperties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
}

// required are the keys that have no default.
var required = map[string][]string{
	"":                        {"version", "targets"},
	"targets[]":               {"name", "deployment", "token", "state"},
	"targets[].sources[]":     {"url"},
	"targets[].check.rules[]": {"rule", "severity"},
	"pipeline":                {"branches"},
}

// facts are what package config demands of values, beyond what their types and comments say.
var facts = map[string]schema{
	"version":           {Const: Version},
	"targets":           {MinItems: 1},
	"targets[].name":    {Pattern: targetName.String(), Examples: []string{"prod"}},
	"targets[].sources": {MinItems: 1},
	"targets[].sources[].url": {
		Pattern: placePattern, Examples: []string{"s3://acme-dags/prod/dags/"},
	},
	"targets[].sources[].mount":               {Pattern: `^[^\\]*$`, Examples: []string{"ml"}},
	"targets[].sources[].region":              {Pattern: region.String(), Examples: []string{"eu-north-1"}},
	"targets[].sources[].roleArn":             {Pattern: roleARN.String(), Examples: []string{"arn:aws:iam::123456789012:role/dagferry-reader"}},
	"targets[].sources[].expectedBucketOwner": {Pattern: account.String(), Examples: []string{"123456789012"}},
	"targets[].deployment":                    {Pattern: `^[^/?# ]+$`},
	"targets[].token": {
		Pattern: "^(" + strings.Join(tokenSchemes(), "|") + ")://.+$", Examples: []string{"secretsmanager://dagferry/prod", "ssm://dagferry/prod", "env://ASTRO_API_TOKEN"},
	},
	"targets[].state":                  {Pattern: placePattern, Examples: []string{"s3://acme-dagferry/state/"}},
	"targets[].runtime.airflow":        {Pattern: airflow.String(), Examples: []string{"3.1"}},
	"targets[].runtime.python":         {Pattern: python.String(), Examples: []string{"3.12"}},
	"targets[].layout":                 {Enum: []string{string(bundle.LayoutDags), string(bundle.LayoutRoot)}},
	"targets[].archive":                {Enum: []string{"groups", "single"}},
	"targets[].settle":                 {Pattern: timePattern},
	"targets[].maxWait":                {Pattern: timePattern},
	"targets[].marker":                 {Pattern: `^[^/]`, Examples: []string{"_READY"}},
	"targets[].guard.minFiles":         {Minimum: new(int)},
	"targets[].guard.maxDeleted":       {Pattern: `^([0-9]|[1-9][0-9]|100)%$`},
	"targets[].limits.files":           {Minimum: new(int)},
	"targets[].limits.fileSize":        {Minimum: new(int)},
	"targets[].limits.totalSize":       {Minimum: new(int)},
	"targets[].limits.nameLength":      {Minimum: new(int)},
	"targets[].check.level":            {Enum: []string{"syntax", "rules", "import"}},
	"targets[].check.rules[].rule":     {Pattern: "^DF[0-9]{3}$", Examples: []string{"DF203"}},
	"targets[].check.rules[].severity": {Enum: []string{"block", "warn", "info", "ignore"}},
	"targets[].check.onFailure":        {Enum: []string{"reject", "warn"}},
	"targets[].check.validator": {Pattern: `^(arn:aws[^:]*:lambda:.+|https?://[^/].*)$`, Examples: []string{
		"arn:aws:lambda:eu-north-1:123456789012:function:dagferry-validator", "https://dagferry-validator-abc.a.run.app",
	}},
	"targets[].check.onUnavailable": {Enum: []string{"block", "warn"}},
	"targets[].check.environment[]": {Pattern: `^[A-Za-z_][A-Za-z0-9_]*=`, Examples: []string{"AIRFLOW_VAR_STAGE=test"}},
	"pipeline.branches":             {MinProperties: 1},
	"pipeline.branches.*":           {Pattern: targetName.String(), Examples: []string{"prod"}},
	"pipeline.deployments.*":        {Pattern: insidePattern, Examples: []string{"deployments/prod.yaml"}},
	"pipeline.project":              {Pattern: insidePattern},
	"pipeline.dags":                 {Enum: []string{DagsGit, DagsBucket, DagsElsewhere}},
}

const (
	// placePattern is what place takes: a bucket, or a whole path.
	placePattern = `^((s3|gs)://[^/].*|file:///.*)$`
	// insidePattern is what inside takes, but for dots and empty segments within.
	insidePattern = `^[^/\\]([^\\]*[^/\\])?$`
	// timePattern is a time of time.ParseDuration that is not negative.
	timePattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
)

// generate is the schema of dagferry.yaml.
func generate() ([]byte, error) {
	g := generator{comments: map[string]string{}}
	for _, dir := range []string{".", "../bundle"} {
		if err := g.read(dir); err != nil {
			return nil, err
		}
	}
	pipeline := Pipeline{}.withDefaults()
	defaults := Config{Targets: []Target{Target{}.withDefaults()}, Pipeline: &pipeline}
	s := g.of(reflect.TypeFor[Config](), reflect.ValueOf(defaults), "")
	s.Draft, s.Title = "http://json-schema.org/draft-07/schema#", "dagferry.yaml"
	s.ID = "https://raw.githubusercontent.com/dagferry/dagferry/main/schema/dagferry.schema.json"
	s.Description = "Which DAGs dagferry takes to which Astro Deployments. dagferry config validate finds what a schema cannot say."
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	err := to.Encode(s)
	return out.Bytes(), err
}

// generator makes schemas of types.
type generator struct {
	// comments are the fields' doc comments, by Type.Field.
	comments map[string]string
}

// read collects the comments of a folder's Go files.
func (g generator) read(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						g.comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
					}
				}
			}
			return false
		})
	}
	return nil
}

// of is the schema of a type at a key. Where there are defaults, value holds them.
func (g generator) of(t reflect.Type, value reflect.Value, key string) *schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
		if value.IsValid() {
			value = value.Elem()
		}
	}
	s := facts[key]
	s.Default = written(value)
	switch {
	case t == reflect.TypeFor[time.Duration](), t == reflect.TypeFor[Percent](), t.Kind() == reflect.String:
		s.Type = "string"
	case t.Kind() == reflect.Bool:
		s.Type, s.Default = "boolean", value.IsValid() && value.Bool()
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		s.Type = "integer"
	case t.Kind() == reflect.Map:
		s.Type, s.AdditionalProperties = "object", g.of(t.Elem(), reflect.Value{}, key+".*")
	case t.Kind() == reflect.Slice:
		s.Type = "array"
		var first reflect.Value
		if value.IsValid() && value.Len() > 0 && t.Elem().Kind() == reflect.Struct {
			first = value.Index(0)
		}
		s.Items = g.of(t.Elem(), first, key+"[]")
	default:
		g.object(&s, t, value, key)
	}
	return &s
}

func (g generator) object(s *schema, t reflect.Type, value reflect.Value, key string) {
	s.Type, s.AdditionalProperties, s.Required, s.Properties = "object", false, required[key], map[string]*schema{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		var of reflect.Value
		if value.IsValid() {
			of = value.Field(i)
		}
		property := g.of(f.Type, of, strings.TrimPrefix(key+"."+name, "."))
		property.Description = g.comments[t.Name()+"."+f.Name]
		if rest, ok := strings.CutPrefix(property.Description, f.Name+" "); ok {
			property.Description = name + " " + rest
		}
		s.Properties[name] = property
	}
}

// written is a default as one would write it into a file, or nil.
func written(value reflect.Value) any {
	if !value.IsValid() || value.IsZero() || value.Kind() == reflect.Struct {
		return nil
	}
	switch v := value.Interface().(type) {
	case time.Duration:
		return strings.Replace(v.String(), "m0s", "m", 1)
	case Percent:
		return fmt.Sprintf("%d%%", v)
	case []Target, []Source:
		return nil
	default:
		return v
	}
}
