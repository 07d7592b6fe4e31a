package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// checkKeys finds the keys that no version of this program knows, and says which there are instead; and the values
// of another type than the key's. It asks the type that the document is decoded into, so it cannot disagree with it.
func (d *document) checkKeys(into any) { d.keysOf(d.body, reflect.TypeOf(into), "") }

func (d *document) keysOf(node ast.Node, t reflect.Type, key string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	line := node.GetToken().Position.Line
	node = d.resolve(node)
	if !fits(node, t) {
		d.mistyped = true
		d.note(Problem{d.name, line, key, remedy(t)})
		return
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, value := range n.Values {
			d.keyOf(value, t, key)
		}
	case *ast.MappingValueNode:
		d.keyOf(n, t, key)
	case *ast.SequenceNode:
		if t.Kind() == reflect.Slice {
			for i, value := range n.Values {
				d.keysOf(value, t.Elem(), fmt.Sprintf("%s[%d]", key, i))
			}
		}
	}
}

func (d *document) keyOf(n *ast.MappingValueNode, t reflect.Type, key string) {
	name := n.Key.GetToken().Value
	switch t.Kind() {
	case reflect.Map: // its keys are names of the author's
		if n.Key.Type() != ast.StringType { // 1.10 would become 1.1
			d.mistyped = true
			d.note(Problem{d.name, n.Key.GetToken().Position.Line, entry(key, name), "write the name in quotes"})
			return
		}
		d.keysOf(n.Value, t.Elem(), entry(key, name))
		return
	case reflect.Struct:
	default:
		return
	}
	full := strings.TrimPrefix(key+"."+name, ".")
	fields := map[string]reflect.Type{}
	var known []string
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		fields[tag] = t.Field(i).Type
		known = append(known, tag)
	}
	if fields[name] == nil {
		slices.Sort(known)
		d.note(Problem{d.name, n.Key.GetToken().Position.Line, full,
			"there is no such key; there are " + strings.Join(known, ", ")})
		return
	}
	d.keysOf(n.Value, fields[name], full)
}

// entry is the key of a map's entry, quoted where the name has signs of a key's own.
func entry(key, name string) string {
	if plainName.MatchString(name) {
		return key + "." + name
	}
	return key + ".'" + name + "'"
}
