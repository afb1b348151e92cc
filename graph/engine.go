package graph

import (
	"errors"
	"fmt"
)

// Engine compiles graphs into programs.
type Engine interface {
	// Name identifies the engine, its kernels and its device, for example
	// "gorgonia/own-avx2". It is part of a record's fingerprint: equal names
	// promise equal bits.
	Name() string
	// Compile returns the program that computes outputs from inputs. Inputs
	// that no output needs are allowed. It returns an *OpError for an op that
	// the engine cannot run, or an input that is missing.
	Compile(inputs, outputs []*Node) (Program, error)
}

// Program is a compiled function. It is for one goroutine at a time.
type Program interface {
	// Run computes out from in, in the order given to Compile. Tensors must
	// have the nodes' number type and length. It allocates nothing of a
	// tensor's size, keeps no reference to in or out, and gives the same bits
	// for the same inputs. No tensor of out may share memory with another
	// argument.
	Run(out, in []*Tensor) error
}

// CheckArgs compares a program's arguments with the nodes that they stand for,
// and refuses outputs that share memory with another argument. It is for
// engines.
func CheckArgs(outputs, inputs []*Node, out, in []*Tensor) error {
	if err := errors.Join(checkArgs("input", inputs, in), checkArgs("output", outputs, out)); err != nil {
		return err
	}
	for i, o := range out {
		for j, t := range in {
			if o.sameMemory(t) {
				return fmt.Errorf("graph: run: output %d and input %d share memory", i, j)
			}
		}
		for j := range i {
			if o.sameMemory(out[j]) {
				return fmt.Errorf("graph: run: outputs %d and %d share memory", j, i)
			}
		}
	}
	return nil
}

// checkArgs compares tensors with the nodes that they stand for.
func checkArgs(kind string, nodes []*Node, ts []*Tensor) error {
	if len(nodes) != len(ts) {
		return fmt.Errorf("graph: run: got %d %ss, want %d", len(ts), kind, len(nodes))
	}
	for i, t := range ts {
		n := nodes[i]
		if t == nil || t.dt != n.g.dt || t.Len() != size(n.shape) {
			return fmt.Errorf("graph: run: %s %d (%s) %w", kind, i, n, mismatch(n, t))
		}
	}
	return nil
}

func mismatch(n *Node, t *Tensor) error {
	if t == nil {
		return fmt.Errorf("is nil, want %s %v", n.g.dt, []int(n.shape))
	}
	return fmt.Errorf("is %s %v, want %s %v", t.dt, []int(t.shape), n.g.dt, []int(n.shape))
}

// Order returns the nodes that outputs need, each after those that it is made
// from, in an order that depends on the graph only; a [FillOp] does not need
// its input. It returns an *OpError if an input that an output needs is not
// given. It is for engines.
func Order(inputs, outputs []*Node) ([]*Node, error) { return topological(inputs, outputs) }

// topological returns the nodes that outputs need, inputs first, in an order
// that depends on the graph only.
func topological(inputs, outputs []*Node) ([]*Node, error) {
	if len(outputs) == 0 {
		return nil, &OpError{Op: "compile", Reason: "no outputs"}
	}
	given := map[*Node]bool{}
	for _, n := range inputs {
		if !n.IsInput() {
			return nil, &OpError{Op: n.String(), Reason: "not an input of the graph"}
		}
		if given[n] {
			return nil, &OpError{Op: n.String(), Reason: "given twice as an input"}
		}
		given[n] = true
	}
	var order []*Node
	seen := map[*Node]bool{}
	var visit func(n *Node) error
	visit = func(n *Node) error {
		if seen[n] {
			return nil
		}
		seen[n] = true
		if n.g != outputs[0].g {
			return &OpError{Op: n.String(), Reason: "belongs to another graph"}
		}
		if n.IsInput() && !given[n] {
			return &OpError{Op: fmt.Sprintf("input %q", n), Reason: "an output needs it, but it is not among the program's inputs"}
		}
		if _, ok := n.op.(FillOp); !ok { // a fill does not read its input
			for _, c := range n.in {
				if err := visit(c); err != nil {
					return err
				}
			}
		}
		order = append(order, n)
		return nil
	}
	for _, n := range outputs {
		if err := visit(n); err != nil {
			return nil, err
		}
	}
	return order, nil
}
