package config

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

const (
	// MaxSize is how large a configuration may be, in bytes. A hundred targets have some 50 KB.
	MaxSize = 1 << 20
	// maxDepth is how deep one may be nested. The keys of a dagferry.yaml take ten levels; the YAML library descends by
	// recursion, and takes space by the square of the depth.
	maxDepth = 64
	// maxTokens is how many words and signs one may have; the library takes 8 s for 300,000 in a list. A hundred targets have
	// some 15,000.
	maxTokens = 100_000
	// maxNodes is how many values one may have, what an alias stands for counted wherever it stands: otherwise a few
	// aliases of aliases are a million values.
	maxNodes = 100_000
	// maxAnchors bounds the library's recursion over anchors that follow each other.
	maxAnchors = 100
)

// unreadable is why a text must not be given to the YAML library, and on which line; "" if it may be.
func unreadable(tokens token.Tokens) (line int, why string) {
	var n nesting
	count, anchors := 0, 0
	for _, t := range tokens {
		count++
		switch t.Type {
		case token.CommentType:
			count--
		case token.TagType:
			return t.Position.Line, "there are no tags such as " + t.Value + " here; write the value itself"
		case token.AnchorType:
			anchors++
		default: // no matter what
		}
		n.add(t)
		switch {
		case len(n.open) > maxDepth:
			return t.Position.Line, "it is nested too deeply; nothing in a configuration is"
		case anchors > maxAnchors:
			return t.Position.Line, "it has too many anchors; write the values themselves"
		case count > maxTokens:
			return t.Position.Line, "it is too long; no configuration is"
		}
	}
	return 0, ""
}

// nesting is how deep a token stands, about: what is open around it, by columns for blocks and by brackets inside of them.
// Two levels of blocks in one column count once, and the keys before one in the same brackets count too.
type nesting struct {
	open []opener
	// brackets is how many of them are open; line and column are where the last token was.
	brackets, line, column int
}

type opener struct {
	column  int
	bracket bool
}

func (n *nesting) add(t *token.Token) {
	if t.Type == token.CommentType {
		return
	}
	column := t.Position.Column
	if t.Position.Line > n.line && n.brackets == 0 {
		n.close(func(o opener) bool { return o.column < column })
	}
	before := n.column
	n.line, n.column = t.Position.Line, column
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		n.open = append(n.open, opener{column, true})
		n.brackets++
	case token.SequenceEntryType, token.MappingKeyType:
		n.open = append(n.open, opener{column, false})
	case token.MappingValueType: // the colon; its key stands before it
		n.open = append(n.open, opener{before, false})
	case token.SequenceEndType, token.MappingEndType:
		if n.brackets > 0 {
			n.close(func(o opener) bool { return o.bracket })
			n.open = n.open[:len(n.open)-1]
			n.brackets--
		}
	default: // opens and closes nothing
	}
}

// close closes what was opened last, as far as something that stays open.
func (n *nesting) close(stays func(opener) bool) {
	for len(n.open) > 0 && !stays(n.open[len(n.open)-1]) {
		n.open = n.open[:len(n.open)-1]
	}
}

// tooLarge reports whether the document holds too much once its aliases are followed, or an alias holds itself.
func (d *document) tooLarge() bool {
	nodes := 0
	var within func(ast.Node) bool
	within = func(node ast.Node) bool {
		if nodes++; nodes > maxNodes {
			return false
		}
		fits := true
		switch n := d.resolve(node).(type) {
		case *ast.MappingNode:
			for _, v := range n.Values {
				fits = fits && within(v)
			}
		case *ast.MappingValueNode:
			fits = within(n.Value)
		case *ast.SequenceNode:
			for _, v := range n.Values {
				fits = fits && within(v)
			}
		}
		return fits
	}
	return !within(d.body)
}
