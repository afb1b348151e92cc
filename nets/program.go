package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

type programKind uint8

const (
	gradientProgram  programKind = iota // mean loss, its gradient, and that in the logits
	hvpProgram                          // Hessian-vector product
	vjpProgram                          // vector-Jacobian product of the logits
	distilProgram                       // gradient of the distance from given logits
	objectiveProgram                    // an Objective, and its gradient
	logitsProgram
)

type shapeKey struct {
	kind      programKind
	n         int
	objective string // its name
}

// batchProgram is one compiled function of a batch of fixed size, with its
// input tensors.
type batchProgram struct {
	program graph.Program
	x       *graph.Tensor
	y, c    *graph.Tensor // labels and weights
	gather  *gather       // that of x, on an engine that keeps the data set
	rows    *graph.Tensor // what it gathered, nil if x is filled on the host
	v       *graph.Tensor // direction of an HVP, cotangents of a VJP, or logits to distil
	spring  *graph.Tensor // how stiffly
	dz      *graph.Tensor // gradient in the logits
	out     []*graph.Tensor
	in      []*graph.Tensor
	used    int64 // when, on the clock of programs
}

func (p *batchProgram) run(w *graph.Tensor) error {
	p.arrange(w)
	return p.program.Run(p.out, p.in)
}

// unload lets go of a batch that was gathered on a device: programs of dozens
// of sizes would hold one each.
func (p *batchProgram) unload() {
	if p.rows != nil {
		p.rows.Forget()
	}
}

func (p *batchProgram) arrange(w *graph.Tensor) {
	x := p.x
	if p.rows != nil {
		x = p.rows
	}
	p.in = append(p.in[:0], w, x)
	for _, t := range []*graph.Tensor{p.y, p.c, p.v, p.spring} {
		if t != nil {
			p.in = append(p.in, t)
		}
	}
}

// program returns the compiled function for batches of n. Its size depends on
// n only, so that a method and retraining run the same code on the same retained
// examples.
func (m *Model) program(kind programKind, n int) (*batchProgram, error) {
	return m.programOf(kind, n, Objective{})
}

// programOf is program, of an objective where kind is objectiveProgram.
func (m *Model) programOf(kind programKind, n int, o Objective) (*batchProgram, error) {
	f := product(m.arch.Input)
	if m.x == nil || m.x.Len() < n*f {
		m.x = graph.NewTensor(m.dt, n*f)
		for _, p := range m.programs.of {
			p.x = m.x.Slice(0, p.x.Len())
		}
	}
	key := shapeKey{kind, n, o.Name}
	if p := m.programs.get(key); p != nil {
		return p, nil
	}
	p := &batchProgram{x: m.x.Slice(0, n*f)}
	var in, out []*graph.Node
	err := graph.Build(func() {
		g := graph.New(m.dt)
		w := g.Input("w", m.size)
		x := g.Input("x", append([]int{n}, m.arch.Input...)...)
		z := m.arch.Logits(&Params{w: w}, x)
		in, out = []*graph.Node{w, x}, []*graph.Node{z}
		if kind == logitsProgram {
			return
		}
		g.Label("loss")
		input := func(t **graph.Tensor, name string, shape ...int) *graph.Node {
			*t = graph.NewTensor(m.dt, shape...)
			n := g.Input(name, shape...)
			in = append(in, n)
			return n
		}
		k := m.arch.Classes
		switch kind {
		case gradientProgram, hvpProgram:
			y, c := input(&p.y, "y", n), input(&p.c, "c", n)
			loss := graph.Dot(c, m.arch.loss()(z, y))
			if kind == hvpProgram {
				v := g.Input("v", m.size) // the caller's tensor
				in = append(in, v)
				out = []*graph.Node{graph.Grad(graph.Dot(graph.Grad(loss, w), v), w)}
				return
			}
			out = []*graph.Node{loss, graph.Grad(loss, w), graph.Grad(loss, z)}
			p.dz = graph.NewTensor(m.dt, n, k)
		case objectiveProgram:
			y, c, targets := input(&p.y, "y", n), input(&p.c, "c", n), input(&p.v, "targets", n, k)
			loss := graph.Dot(c, o.Loss(z, y, targets))
			out = []*graph.Node{loss, graph.Grad(loss, w)}
		case vjpProgram:
			out = []*graph.Node{graph.Grad(graph.Dot(input(&p.v, "cotangents", n, k), z), w)}
		case distilProgram:
			c, targets, spring := input(&p.c, "c", n), input(&p.v, "targets", n, k), input(&p.spring, "stiffness")
			d := graph.Sub(z, targets)
			pull := graph.Dot(c, graph.SoftCrossEntropy(z, graph.Softmax(targets)))
			stretch := graph.ScaleBy(spring, graph.Scale(0.5, graph.Dot(c, graph.RowDot(d, d))))
			apart := graph.Dot(c, graph.RowDot(d, graph.Sub(graph.Softmax(z), graph.Softmax(targets))))
			out = []*graph.Node{graph.Grad(graph.Add(pull, stretch), w), graph.Add(apart, graph.Scale(2, stretch))}
		}
	})
	if err == nil {
		p.program, err = m.compiler.Compile(in, out)
	}
	if err != nil {
		return nil, fmt.Errorf("nets: %s, batch of %d: %w", m.arch.Name, n, err)
	}
	p.out = make([]*graph.Tensor, len(out))
	_, shares := m.engine.(graph.Sharer)
	m.programs.put(key, p, shares)
	return p, nil
}

// load fills the program's inputs with the examples ids as view shows them,
// each of weight c.
func (m *Model) load(kind programKind, view View, ds *data.Dataset, ids []int, c float64) (*batchProgram, error) {
	p, err := m.program(kind, len(ids))
	if err != nil {
		return nil, err
	}
	return p, m.fill(p, view, ds, ids, c)
}

// fill is the part of load that is the same for every program.
func (m *Model) fill(p *batchProgram, view View, ds *data.Dataset, ids []int, c float64) error {
	if ds.Features()*len(ids) != p.x.Len() {
		return m.arch.Fits(ds)
	}
	if err := view.Augment.validate(ds.Shape); err != nil {
		return err
	}
	p.rows = nil
	if t := m.keep(view, ds); t == nil {
		m.gather(p.x, view, ds, ids)
	} else if err := m.gatherOnDevice(p, t, ids); err != nil {
		return err
	}
	for i, id := range ids {
		if p.y != nil {
			p.y.Set(i, float64(ds.Y[id]))
		}
		if p.c != nil {
			p.c.Set(i, c)
		}
	}
	return nil
}

// nonFinite names the first value of a gradient at w that is not finite, if
// the engine can tell.
func (m *Model) nonFinite(view View, w *graph.Tensor, ds *data.Dataset, ids []int) string {
	for lo := 0; lo < len(ids); lo += m.partSize {
		p, err := m.load(gradientProgram, view, ds, ids[lo:min(lo+m.partSize, len(ids))], 1/float64(len(ids)))
		if err != nil {
			return err.Error()
		}
		finder, ok := p.program.(interface {
			NonFinite(out, in []*graph.Tensor) (*graph.Node, error)
		})
		if !ok {
			return "the engine cannot tell where"
		}
		p.out[0], p.out[1], p.out[2] = graph.NewTensor(m.dt), m.NewVector(), p.dz
		p.arrange(w)
		if n, err := finder.NonFinite(p.out, p.in); err == nil && n != nil {
			return n.String()
		}
	}
	return "the update"
}
