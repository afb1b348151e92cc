package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// Grad returns the derivative of the scalar y with respect to x, a node of x's
// shape. The result is made of the ops of this package, so Grad may be applied
// to functions of it: Grad(Dot(Grad(y, x), v), x) is the Hessian of y times v.
//
// It is a reverse pass of its own: Gorgonia's Grad keeps its state in the
// nodes and is wrong when used twice on a graph.
func Grad(y, x *Node) *Node {
	if len(y.shape) != 0 {
		panic(&ShapeError{Op: "Grad", Got: []Shape{y.shape}, Want: "a scalar to differentiate"})
	}
	if y.g != x.g {
		panic(&OpError{Op: "Grad", Reason: "y and x are from two graphs"})
	}
	defer y.g.Label(y.g.label)
	order, depends := reach(y, x)
	if !depends[x] || !depends[y] {
		return Fill(x, 0)
	}
	parts := map[*Node][]*Node{y: {Fill(y, 1)}}
	for i := len(order) - 1; i >= 0; i-- {
		n := order[i]
		if n == x || !depends[n] || len(parts[n]) == 0 {
			continue
		}
		y.g.Label(n.label)
		adjoint := total(parts[n])
		delete(parts, n)
		for j, d := range diff(n, adjoint) {
			if c := n.in[j]; d != nil && depends[c] {
				parts[c] = append(parts[c], d)
			}
		}
	}
	if len(parts[x]) == 0 {
		return Fill(x, 0)
	}
	return total(parts[x])
}

// reach returns the nodes below y, inputs first, and which of them depend on x.
func reach(y, x *Node) (order []*Node, depends map[*Node]bool) {
	depends = map[*Node]bool{x: true}
	seen := map[*Node]bool{}
	var visit func(n *Node)
	visit = func(n *Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, c := range n.in {
			visit(c)
			if depends[c] {
				depends[n] = true
			}
		}
		order = append(order, n)
	}
	visit(y)
	return order, depends
}

// diff returns the derivatives of n's op, nil for zero.
func diff(n, adjoint *Node) []*Node {
	if n.op != nil {
		return n.op.Diff(n.in, n, adjoint)
	}
	op, ok := n.n.Op().(gorgonia.SDOp)
	if !ok {
		panic(&OpError{Op: n.String(), Reason: "this Gorgonia op has no symbolic derivative"})
	}
	var children gorgonia.Nodes
	for _, c := range n.in {
		children = append(children, c.n)
	}
	ds, err := op.SymDiff(children, n.n, adjoint.n)
	if err != nil {
		panic(&OpError{Op: n.String(), Reason: fmt.Sprintf("Gorgonia cannot differentiate it: %v", err)})
	}
	r := make([]*Node, len(n.in))
	for i, d := range ds {
		if d != nil {
			r[i] = n.g.Stock(d)
		}
	}
	return r
}

// total adds the parts of an adjoint in order. Packs into one vector that do
// not overlap, the gradients of different layers, become one pack; scaled
// terms are gathered into one linear combination.
func total(parts []*Node) *Node {
	var pack PackOp
	var packed []*Node
	var c []float64
	var terms []*Node
	for _, p := range parts {
		op, ok := p.op.(PackOp)
		if ok && fits(pack, packed, op, p.in) {
			pack.Len = op.Len
			pack.Offs = append(pack.Offs, op.Offs...)
			packed = append(packed, p.in...)
			continue
		}
		if op, ok := p.op.(LinOp); ok {
			c, terms = append(c, op.C...), append(terms, p.in...)
			continue
		}
		c, terms = append(c, 1), append(terms, p)
	}
	if len(packed) > 0 {
		c, terms = append(c, 1), append(terms, Apply(pack, packed...))
	}
	return Lin(c, terms...)
}

func fits(pack PackOp, packed []*Node, more PackOp, parts []*Node) bool {
	for i, a := range packed {
		for j, b := range parts {
			if overlap(pack.Offs[i], size(a.shape), more.Offs[j], size(b.shape)) {
				return false
			}
		}
	}
	return true
}
