//go:build libtorch

package libtorch

import (
	"fmt"
	"runtime"

	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

// compiler turns a graph into a program.
type compiler struct {
	// ordered asks for kernels that add in a fixed order on every device.
	ordered bool
	slots   map[any]int
	arange  map[int]int // the constant 0, 1, …, k−1, by k
	lengths []int
}

// slot returns the number of the value that key names.
func (c *compiler) slot(key any) int {
	if _, ok := c.slots[key]; !ok {
		c.slots[key] = len(c.slots)
	}
	return c.slots[key]
}

// numbers returns the number of the constant 0, 1, …, k−1.
func (c *compiler) numbers(k int) int {
	if _, ok := c.arange[k]; !ok {
		c.arange[k] = len(c.lengths)
		c.lengths = append(c.lengths, k)
	}
	return c.arange[k]
}

// step is one kernel of a program. Values are numbered in the program's order.
type step struct {
	node *graph.Node
	run  kernel
	in   []int
	out  int
	over int   // see exec
	dead []int // values that no later step reads
}

// Compile implements graph.Engine.
func (e *Engine) Compile(inputs, outputs []*graph.Node) (graph.Program, error) {
	order, err := graph.Order(inputs, outputs)
	if err != nil {
		return nil, err
	}
	c := &compiler{ordered: e.resident, slots: map[any]int{}, arange: map[int]int{}}
	p := &program{engine: e, inputs: inputs, outputs: outputs, values: make([]tensor, len(order))}
	index := map[*graph.Node]int{}
	for i, n := range order {
		index[n] = i
		if n.IsInput() {
			continue
		}
		s := step{node: n, out: i, run: c.kernel(n)}
		if s.run == nil {
			if s.run, err = registeredKernel(n); err != nil {
				return nil, &graph.OpError{Op: n.String(), Reason: err.Error()}
			}
		}
		if s.run == nil {
			return nil, &graph.OpError{Op: n.String(), Reason: "engine libtorch has no kernel for it; give it one by libtorch.RegisterKernel, or take engine gorgonia, which runs every op that has Eval"}
		}
		if _, ok := n.Op().(graph.FillOp); !ok {
			for _, m := range n.Inputs() {
				s.in = append(s.in, index[m])
			}
		}
		p.steps = append(p.steps, s)
	}
	for _, n := range inputs {
		i, ok := index[n]
		if !ok {
			i = -1 // no output needs it
		}
		p.arguments = append(p.arguments, i)
	}
	for _, n := range outputs {
		p.results = append(p.results, index[n])
	}
	p.schedule(order)
	p.x = newExec(e.dev, outputs[0].Graph().DType())
	p.x.slots = make([]tensor, len(c.slots))
	return p, p.makeConsts(c.lengths)
}

// storages says which value's memory each value lives in, its own number if in
// none but its own: ops like views make windows on their input.
func (p *program) storages(order []*graph.Node) []int {
	root := make([]int, len(order))
	for i := range root {
		root[i] = i
	}
	for _, s := range p.steps {
		if _, ok := s.node.Op().(graph.Aliaser); ok {
			root[s.out] = root[s.in[0]]
		}
	}
	return root
}

// schedule finds where values die, and which kernels may write over an input.
func (p *program) schedule(order []*graph.Node) {
	const never = 1 << 60
	root := p.storages(order)
	last, lastOfRoot := make([]int, len(order)), make([]int, len(order))
	use := func(v, at int) {
		last[v] = max(last[v], at)
		lastOfRoot[root[v]] = max(lastOfRoot[root[v]], at)
	}
	for i, s := range p.steps {
		for _, v := range s.in {
			use(v, i)
		}
	}
	for _, v := range p.results {
		use(v, never)
	}
	for _, v := range p.arguments {
		if v >= 0 {
			lastOfRoot[v] = never
		}
	}
	shares := map[int]int{} // how many outputs live in a value's memory
	for _, v := range p.results {
		shares[root[v]]++
	}
	for _, v := range p.results {
		r := root[v]
		argument := order[r].IsInput()
		p.own = append(p.own, !argument && shares[r] == 1 && size(order[r].Shape()) == size(order[v].Shape()))
	}
	for i := range p.steps {
		s := &p.steps[i]
		s.over = -1
		if op, ok := s.node.Op().(graph.InPlacer); ok {
			for _, j := range op.InPlace() {
				if r := root[s.in[j]]; lastOfRoot[r] == i && sharers(root, s.in, r) == 1 && size(order[r].Shape()) == size(s.node.Shape()) {
					s.over = j
					break
				}
			}
		}
		for j, v := range s.in {
			if last[v] == i && !contains(s.in[:j], v) {
				s.dead = append(s.dead, v)
			}
		}
	}
}

// sharers counts the inputs that live in r's memory.
func sharers(root, in []int, r int) (n int) {
	for _, v := range in {
		if root[v] == r {
			n++
		}
	}
	return n
}

func contains(s []int, v int) bool {
	for _, o := range s {
		if o == v {
			return true
		}
	}
	return false
}

// makeConsts makes the constants 0, 1, …, k−1 on the device. They last as long
// as the program.
func (p *program) makeConsts(lengths []int) error {
	if len(lengths) == 0 {
		return nil
	}
	return onThread(func() error {
		for _, k := range lengths {
			end := libtch.AtsInt(int64(k))
			libtch.AtgArange(&p.x.ret[0], end, p.x.kind, p.x.dev)
			libtch.AtsFree(end)
			p.x.consts = append(p.x.consts, p.x.keep(p.x.take()))
		}
		p.x.clean()
		runtime.AddCleanup(p, func(consts []tensor) {
			for _, t := range consts {
				free(t)
			}
		}, p.x.consts)
		if p.x.err != nil {
			return fmt.Errorf("libtorch: compile on %s: %w", p.engine.device, p.x.err)
		}
		return nil
	})
}
