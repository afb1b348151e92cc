package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// Graph is a Gorgonia expression graph under construction. Building is for one
// goroutine; different graphs may be built in parallel.
type Graph struct {
	dt     DType
	expr   *gorgonia.ExprGraph
	nodes  map[*gorgonia.Node]*Node
	inputs map[string]*Node
	// hashes finds two different nodes with one hash: Gorgonia's compiler
	// merges nodes by their 32-bit hashes without comparing them.
	hashes map[uint32]*Node
	label  string
	// hash replaces the op hash in the test that forces a collision.
	hash func(name string) uint32
}

// New returns an empty graph of one number type.
func New(dt DType) *Graph {
	return &Graph{
		dt:     dt,
		expr:   gorgonia.NewGraph(),
		nodes:  map[*gorgonia.Node]*Node{},
		inputs: map[string]*Node{},
		hashes: map[uint32]*Node{},
	}
}

// DType returns the number type of the graph's nodes.
func (g *Graph) DType() DType { return g.dt }

// Expr returns the Gorgonia graph.
func (g *Graph) Expr() *gorgonia.ExprGraph { return g.expr }

// Label names the layer that the nodes built from now on belong to; reports
// of non-finite numbers quote it.
func (g *Graph) Label(layer string) { g.label = layer }

// Input adds an input. Gorgonia merges inputs of one name, so a name that was
// used before panics with an *OpError. No dimensions make a scalar.
func (g *Graph) Input(name string, shape ...int) *Node {
	if name == "" || g.inputs[name] != nil {
		panic(&OpError{Op: fmt.Sprintf("input %q", name), Reason: "an input needs a name of its own"})
	}
	for _, d := range shape {
		if d <= 0 {
			panic(&ShapeError{Op: fmt.Sprintf("input %q", name), Got: []Shape{shape}, Want: "positive dimensions"})
		}
	}
	opts := []gorgonia.NodeConsOpt{gorgonia.WithName(name)}
	var n *gorgonia.Node
	if len(shape) == 0 {
		n = gorgonia.NewScalar(g.expr, g.dt.gorgonia(), opts...)
	} else {
		n = gorgonia.NewTensor(g.expr, g.dt.gorgonia(), len(shape), append(opts, gorgonia.WithShape(shape...))...)
	}
	node := &Node{g: g, n: n, shape: append(Shape(nil), shape...)}
	g.nodes[n] = node
	g.inputs[name] = node
	g.hashes[n.Hashcode()] = node
	return node
}

// Node is one value of a graph: an input, or an op applied to nodes.
type Node struct {
	g     *Graph
	n     *gorgonia.Node
	op    Op // nil for inputs and for stock Gorgonia ops
	in    []*Node
	shape Shape
	label string
}

// Graph returns the graph that n belongs to.
func (n *Node) Graph() *Graph { return n.g }

// Op returns the op that makes n, nil if n is an input or made by a stock
// Gorgonia op.
func (n *Node) Op() Op { return n.op }

// Inputs returns the nodes that n is made from, in the op's order; the caller
// must not change the slice.
func (n *Node) Inputs() []*Node { return n.in }

// Shape returns the dimensions; the caller must not change them.
func (n *Node) Shape() Shape { return n.shape }

// Gorgonia returns the node of the expression graph.
func (n *Node) Gorgonia() *gorgonia.Node { return n.n }

// IsInput reports whether n is an input.
func (n *Node) IsInput() bool { return n.op == nil && n.n.Op() == nil }

// String names the node for messages: an input's name, or the op and layer.
func (n *Node) String() string {
	var s string
	switch {
	case n.op != nil:
		s = n.op.String()
	case n.n.Op() != nil:
		s = n.n.Op().String()
	default:
		s = n.n.Name()
	}
	if n.label != "" {
		s = n.label + ": " + s
	}
	return s
}

// Stock brings a node made by Gorgonia's own ops, on g's ExprGraph, into g,
// with everything that it depends on. Such nodes run on Tape only and
// differentiate as far as Gorgonia's SymDiff goes.
func (g *Graph) Stock(n *gorgonia.Node) *Node {
	if known := g.nodes[n]; known != nil {
		return known
	}
	node := &Node{g: g, n: n, shape: n.Shape().Clone(), label: g.label}
	it := g.expr.From(n.ID())
	for it.Next() {
		node.in = append(node.in, g.Stock(it.Node().(*gorgonia.Node)))
	}
	g.nodes[n] = node
	return node
}
