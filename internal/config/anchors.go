package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// collectAnchors notes what the document's aliases stand for. A name that stands for two things is a problem: which of
// them an alias means, depends on where it stands.
func (d *document) collectAnchors() {
	d.anchors = map[string]ast.Node{}
	for _, node := range ast.Filter(ast.AnchorType, d.body) {
		anchor, ok := node.(*ast.AnchorNode)
		if !ok {
			continue
		}
		name := anchor.Name.GetToken().Value
		if d.anchors[name] != nil {
			d.note(Problem{d.name, node.GetToken().Position.Line, "",
				fmt.Sprintf("the anchor &%s is there twice; give one of them another name", name)})
		}
		d.anchors[name] = anchor.Value
	}
}

// resolve is the value that an anchor marks or an alias stands for, or the node itself.
func (d *document) resolve(node ast.Node) ast.Node {
	for range maxAnchors { // an alias may stand for itself
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			known := d.anchors[n.Value.GetToken().Value]
			if known == nil {
				return node
			}
			node = known
		default:
			return node
		}
	}
	return node
}
