package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
)

// Op is one operation. Ops are small values whose exported fields say all
// there is to know, so engines switch on their types. Users may add their own:
// an op runs on Walker and Tape by its Eval, and on libtorch by a kernel that
// libtorch.RegisterKernel is given.
type Op interface {
	// String names the op with every parameter: ops of one name are one op.
	String() string
	// Infer returns the shape of the output, or a *ShapeError.
	Infer(in []Shape) (Shape, error)
	// Diff returns, for each input, the derivative of a scalar with respect
	// to it, given that with respect to the output; nil stands for zero.
	// The result must be made of ops.
	Diff(in []*Node, out, grad *Node) []*Node
	// Eval computes out, whose memory may hold anything before. It must not
	// keep, change or alias its arguments, and must give the same bits for
	// any number of workers. Numbers that it cannot take it reports by x.Fail.
	Eval(x *Exec, out *Tensor, in []*Tensor)
}

// Aliaser is implemented by ops whose output is a window on their first input.
type Aliaser interface {
	Op
	// Alias returns the offset of the output in the input's flat array.
	Alias() int
}

// InPlacer is implemented by ops that may write their output over an input
// that nobody reads afterwards.
type InPlacer interface {
	Op
	// InPlace lists the inputs that Eval may be given as out.
	InPlace() []int
}

// Apply adds op to the graph of its inputs and returns the node, an existing
// one if op was applied to these inputs before. It panics with a *ShapeError
// or *OpError if they do not fit.
func Apply(op Op, in ...*Node) *Node {
	g := in[0].g
	shapes := make([]Shape, len(in))
	children := make([]*gorgonia.Node, len(in))
	for i, n := range in {
		if n.g != g {
			panic(&OpError{Op: op.String(), Reason: "its inputs are from two graphs"})
		}
		shapes[i], children[i] = n.shape, n.n
	}
	out, err := op.Infer(shapes)
	if err != nil {
		panic(err)
	}
	for salt := 0; ; salt++ {
		a := &applied{op: op, in: shapes, out: out, dt: g.dt, salt: salt, g: g}
		n, err := gorgonia.ApplyOp(a, children...)
		if err != nil {
			panic(&OpError{Op: op.String(), Reason: err.Error()})
		}
		other := g.hashes[n.Hashcode()]
		if other != nil && (other.op == nil || other.op.String() != op.String() || !sameNodes(other.in, in)) {
			continue // a collision: the salted node replaces n, which nothing refers to
		}
		if other != nil {
			return other
		}
		node := &Node{g: g, n: n, op: op, in: in, shape: out, label: g.label}
		g.nodes[n] = node
		g.hashes[n.Hashcode()] = node
		return node
	}
}

func sameNodes(a, b []*Node) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// applied makes an Op a gorgonia.SDOp.
type applied struct {
	op   Op
	in   []Shape
	out  Shape
	dt   DType
	salt int
	g    *Graph
}

func (a *applied) Arity() int { return len(a.in) }

// Type builds a fresh type at every call: Gorgonia returns it to a pool.
func (a *applied) Type() hm.Type {
	types := make([]hm.Type, 0, len(a.in)+1)
	for _, s := range append(append([]Shape(nil), a.in...), a.out) {
		// 'a' is the dtype; 'b' is taken inside Gorgonia's inference.
		var t hm.Type = hm.TypeVariable('a')
		if len(s) > 0 {
			t = gorgonia.TensorType{Dims: len(s), Of: t}
		}
		types = append(types, t)
	}
	return hm.NewFnType(types...)
}

func (a *applied) InferShape(...gorgonia.DimSizer) (Shape, error) { return a.out.Clone(), nil }
func (a *applied) ReturnsPtr() bool                               { return false }
func (a *applied) CallsExtern() bool                              { return false }
func (a *applied) OverwritesInput() int                           { return -1 }
func (a *applied) String() string                                 { return a.op.String() }

func (a *applied) WriteHash(h hash.Hash) {
	if a.g.hash != nil {
		fmt.Fprint(h, a.g.hash(a.op.String()))
	} else {
		fmt.Fprint(h, a.op.String(), a.in, a.out)
	}
	if a.salt > 0 {
		fmt.Fprintf(h, "salt%d", a.salt)
	}
}

func (a *applied) Hashcode() uint32 {
	h := fnv.New32a()
	a.WriteHash(h)
	return h.Sum32()
}

// Do runs the op on Gorgonia's values: the tape machine's way in.
func (a *applied) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	in := make([]*Tensor, len(values))
	for i, v := range values {
		t, err := fromValue(v, a.in[i])
		if err != nil {
			return nil, fmt.Errorf("graph: %s: input %d: %w", a.op, i, err)
		}
		in[i] = t
	}
	out := NewTensor(a.dt, a.out...)
	if al, ok := a.op.(Aliaser); ok {
		out.bind(in[0], al.Alias())
	} else {
		var x Exec
		if a.op.Eval(&x, out, in); x.err != nil {
			return nil, fmt.Errorf("%s: %w", a.op, x.err)
		}
	}
	return toValue(out), nil
}

func (a *applied) DiffWRT(n int) []bool {
	r := make([]bool, n)
	for i := range r {
		r[i] = true
	}
	return r
}

// SymDiff lets Gorgonia's own passes walk through the ops; zero derivatives
// become explicit zeros.
func (a *applied) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (r gorgonia.Nodes, err error) {
	err = Build(func() {
		nodes := make([]*Node, len(in))
		for i, n := range in {
			nodes[i] = a.g.Stock(n)
		}
		for i, d := range a.op.Diff(nodes, a.g.Stock(out), a.g.Stock(grad)) {
			if d == nil {
				d = Fill(nodes[i], 0)
			}
			r = append(r, d.n)
		}
	})
	return r, err
}
