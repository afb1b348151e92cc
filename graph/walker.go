package graph

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/gemm"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// Walker is the default engine: it walks the graph in topological order over
// one memory plan. A compiled program owns its memory, writes outputs straight
// into the caller's tensors and allocates nothing of a tensor's size per run.
//
// The zero value runs in its caller; [NewWalker] adds workers. The number of
// workers does not change results. Programs may run in parallel.
type Walker struct {
	pool   *parallel.Pool
	memory *memory // of its programs, if they share it
}

// NewWalker returns a Walker whose ops share their work among the given number
// of workers, 0 meaning GOMAXPROCS.
func NewWalker(workers int) *Walker { return &Walker{pool: parallel.New(workers)} }

// Workers returns the number of workers, at least 1.
func (w *Walker) Workers() int { return w.pool.Workers() }

// Name implements Engine.
func (w *Walker) Name() string { return "gorgonia/" + gemm.Name() }

// Range calls f on consecutive ranges that cover [0, n), of grain numbers each,
// shared among w's workers: for what is to be done between programs. The ranges
// do not depend on the number of workers.
func (w *Walker) Range(n, grain int, f func(lo, hi int)) {
	(&Exec{pool: w.pool}).Range(n, grain, f)
}

// Compile implements Engine.
func (w *Walker) Compile(inputs, outputs []*Node) (Program, error) {
	order, err := topological(inputs, outputs)
	if err != nil {
		return nil, err
	}
	for _, n := range order {
		if n.op == nil && !n.IsInput() {
			return nil, &OpError{Op: n.String(), Reason: "a stock Gorgonia op runs on the tape engine only"}
		}
	}
	return newWalk(order, inputs, outputs, w), nil
}

// walk is a program of the Walker.
type walk struct {
	inputs, outputs []*Node
	steps           []step
	in, out         [][]bound // per argument, the tensors that live in it
	copies          []copied
	x               Exec

	dt     DType
	memory *memory // the program's own, or shared
	arena  []bound // the tensors that live there
}

type step struct {
	node *Node
	op   Op
	out  *Tensor
	in   []*Tensor
}

// bound is a tensor whose memory is another's from an offset on.
type bound struct {
	t   *Tensor
	off int
}

// copied is an output that is another argument's memory, or a second output
// of one node.
type copied struct {
	out  int
	from *Tensor
}

func newWalk(order, inputs, outputs []*Node, engine *Walker) *walk {
	f := fuse(order, inputs, outputs)
	p := planMemory(f.order, f.inputs, f.outputs)
	dt := outputs[0].g.dt
	w := &walk{
		inputs: inputs, outputs: outputs, x: Exec{pool: engine.pool},
		in: make([][]bound, len(inputs)), out: make([][]bound, len(outputs)),
		dt: dt, memory: engine.memory,
	}
	if w.memory == nil {
		w.memory = &memory{}
	}
	w.memory.reserve(dt, p.arena)
	ts := map[*Node]*Tensor{}
	for _, n := range f.order {
		t := &Tensor{dt: dt, shape: n.shape}
		ts[n] = t
		switch s := p.places[n]; s.root {
		case inArgument:
			w.in[s.arg] = append(w.in[s.arg], bound{t, s.off})
		case inOutput:
			w.out[s.arg] = append(w.out[s.arg], bound{t, s.off})
		default:
			w.arena = append(w.arena, bound{t, s.off})
		}
	}
	for _, n := range f.order {
		if _, alias := n.op.(Aliaser); n.op == nil || alias {
			continue
		}
		s := step{node: f.origin[n], op: n.op, out: ts[n]}
		if _, ok := n.op.(FillOp); !ok {
			for _, c := range n.in {
				s.in = append(s.in, ts[c])
			}
		}
		w.steps = append(w.steps, s)
	}
	w.x.desks = &w.memory[dt].desks
	w.x.desks.reserve(dt, engine.pool.Workers(), w.steps)
	for i, n := range f.outputs {
		if s := p.places[n]; s.root != inOutput || s.arg != i || s.off != 0 {
			w.copies = append(w.copies, copied{i, ts[n]})
		}
	}
	return w
}

// Run implements Program.
func (w *walk) Run(out, in []*Tensor) error {
	if err := w.bind(out, in); err != nil {
		return err
	}
	w.settle()
	defer w.leave()
	for i := range w.steps {
		if err := w.step(&w.steps[i]); err != nil {
			return err
		}
	}
	for _, c := range w.copies {
		out[c.out].Copy(c.from)
	}
	return nil
}

func (w *walk) step(s *step) error {
	w.x.err = nil
	if s.op.Eval(&w.x, s.out, s.in); w.x.err != nil {
		return fmt.Errorf("graph: %s: %w", s.node, w.x.err)
	}
	return nil
}

func (w *walk) bind(out, in []*Tensor) error {
	if err := CheckArgs(w.outputs, w.inputs, out, in); err != nil {
		return err
	}
	for i, t := range in {
		t.read()
		for _, b := range w.in[i] {
			b.t.bind(t, b.off)
		}
	}
	for i, t := range out {
		t.drop()
		for _, b := range w.out[i] {
			b.t.bind(t, b.off)
		}
	}
	return nil
}

// NonFinite runs the program as Run does and returns the first node, in order
// of execution, whose value holds a NaN or an infinity, or nil. It answers
// where an overflow began.
func (w *walk) NonFinite(out, in []*Tensor) (*Node, error) {
	if err := w.bind(out, in); err != nil {
		return nil, err
	}
	w.settle()
	defer w.leave()
	for i, t := range in {
		if !t.Finite() {
			return w.inputs[i], nil
		}
	}
	for i := range w.steps {
		s := &w.steps[i]
		if err := w.step(s); err != nil {
			return nil, err
		}
		if !s.out.Finite() {
			return s.node, nil
		}
	}
	return nil, nil
}
