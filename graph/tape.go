package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/miniunlearn/miniunlearn/internal/gemm"
)

// Tape is the reference engine: Gorgonia's tape machine running the same ops.
// It allocates every value at every run. Programs compiled from one graph
// share the values of its nodes, so they must not run at the same time.
type Tape struct{}

// Name implements Engine.
func (Tape) Name() string { return "tape/" + gemm.Name() }

// Compile implements Engine.
func (Tape) Compile(inputs, outputs []*Node) (Program, error) {
	order, err := topological(inputs, outputs)
	if err != nil {
		return nil, err
	}
	p := &taped{inputs: inputs, outputs: outputs}
	var used, roots gorgonia.Nodes
	hashes := map[uint32]*Node{}
	for _, n := range order {
		if other := hashes[n.n.Hashcode()]; other != nil {
			return nil, &OpError{Op: n.String(), Reason: fmt.Sprintf("hash collides with %s", other)}
		}
		hashes[n.n.Hashcode()] = n
		if err := checkStock(n); err != nil {
			return nil, err
		}
	}
	// A fill reads its input here: Gorgonia evaluates every child.
	reached := map[*gorgonia.Node]bool{}
	var visit func(n *Node)
	visit = func(n *Node) {
		if !reached[n.n] {
			reached[n.n] = true
			for _, c := range n.in {
				visit(c)
			}
		}
	}
	for _, n := range outputs {
		visit(n)
		if !n.IsInput() {
			roots = append(roots, n.n)
		}
	}
	for i, n := range inputs {
		if reached[n.n] {
			p.used = append(p.used, i)
			used = append(used, n.n)
		}
	}
	if len(roots) == 0 {
		return p, nil
	}
	prog, locs, err := gorgonia.CompileFunction(outputs[0].g.expr, used, roots)
	if err != nil {
		return nil, fmt.Errorf("graph: tape: compile: %w", err)
	}
	p.vm = gorgonia.NewTapeMachine(outputs[0].g.expr, gorgonia.WithPrecompiled(prog, locs))
	return p, nil
}

// checkStock refuses Gorgonia's own ops where they would write over memory
// that they do not own: their in-place forms change the parameters through a
// view.
func checkStock(n *Node) error {
	if n.op != nil {
		return nil
	}
	for _, c := range n.in {
		if _, ok := c.op.(Aliaser); ok {
			return &OpError{Op: n.String(), Reason: fmt.Sprintf("a stock Gorgonia op would overwrite the memory behind %q; put an op of this package between them", c)}
		}
	}
	return nil
}

type taped struct {
	inputs, outputs []*Node
	used            []int // inputs that the outputs need
	vm              interface {
		RunAll() error
		Reset()
	}
}

// Run implements Program.
func (p *taped) Run(out, in []*Tensor) error {
	if err := checkArgs("input", p.inputs, in); err != nil {
		return err
	}
	if err := checkArgs("output", p.outputs, out); err != nil {
		return err
	}
	for _, i := range p.used {
		in[i].read()
		// The node's rank counts, not the tensor's: Let takes (n) for (n, 1).
		t := &Tensor{dt: in[i].dt, shape: p.inputs[i].shape, f32: in[i].f32, f64: in[i].f64}
		if err := gorgonia.Let(p.inputs[i].n, toValue(t)); err != nil {
			return fmt.Errorf("graph: tape: %s: %w", p.inputs[i], err)
		}
	}
	if p.vm != nil {
		defer p.vm.Reset() // without it the next RunAll would do nothing
		if err := p.vm.RunAll(); err != nil {
			return fmt.Errorf("graph: tape: %w", err)
		}
	}
	for i, n := range p.outputs {
		if n.IsInput() {
			for j, m := range p.inputs {
				if m == n {
					out[i].Copy(in[j])
				}
			}
			continue
		}
		t, err := fromValue(n.n.Value(), n.shape)
		if err != nil {
			return fmt.Errorf("graph: tape: %s: %w", n, err)
		}
		out[i].Copy(t)
	}
	return nil
}
