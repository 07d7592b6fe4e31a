package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// fits reports whether a value can be of a type. It is the decoder's judgement, but for what the decoder takes and
// should not: 1.5 as a whole number becomes 1, and 3.10 as text becomes 3.1.
func fits(node ast.Node, t reflect.Type) bool {
	switch node.(type) {
	case *ast.NullNode:
		return true // the key's default
	case *ast.AliasNode:
		return true // of nothing, which the decoder tells
	}
	switch {
	case t == reflect.TypeFor[Percent]():
		return true // it reads itself
	case t == reflect.TypeFor[Text]():
		return isVerbatim(node)
	case t == reflect.TypeFor[time.Duration]():
		_, err := time.ParseDuration(node.GetToken().Value)
		return err == nil && node.Type() == ast.StringType
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return node.Type() == ast.MappingType || node.Type() == ast.MappingValueType
	case reflect.Slice:
		return node.Type() == ast.SequenceType
	case reflect.Bool:
		return node.Type() == ast.BoolType
	case reflect.Int, reflect.Int64:
		_, err := strconv.ParseInt(node.GetToken().Value, 0, 64)
		return err == nil && (node.Type() == ast.IntegerType || node.Type() == ast.StringType)
	case reflect.String:
		return isText(node)
	default:
		return true
	}
}

func isText(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return false
	case *ast.FloatNode:
		return fmt.Sprint(n.Value) == n.GetToken().Value
	default:
		return true
	}
}

// Text is text of which every sign counts: 010 is not 8, and TRUE not true.
type Text string

func isVerbatim(node ast.Node) bool {
	written := node.GetToken().Value
	switch n := node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	case *ast.IntegerNode:
		return fmt.Sprint(n.Value) == written
	case *ast.FloatNode:
		return fmt.Sprint(n.Value) == written
	case *ast.BoolNode:
		return fmt.Sprint(n.Value) == written
	default:
		return false
	}
}

// remedy says what to write where a type is wanted.
func remedy(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "write a time such as 5s"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "write true or false"
	case reflect.Int, reflect.Int64:
		return "write a whole number"
	case reflect.String:
		return "write text, in quotes"
	case reflect.Slice:
		return "write a list"
	default:
		return "write keys and values"
	}
}

// message is what a YAML library's error says, without the words of Go.
func message(err yaml.Error) string {
	var (
		mistyped *yaml.TypeError
		overflow *yaml.OverflowError
		shape    *yaml.UnexpectedNodeTypeError
	)
	switch {
	case errors.As(err, &mistyped):
		return remedy(mistyped.DstType)
	case errors.As(err, &overflow):
		return "the number is too large"
	case errors.As(err, &shape) && shape.Expected == ast.SequenceType:
		return "write a list"
	case errors.As(err, &shape):
		return "write keys and values"
	default:
		return err.GetMessage()
	}
}
