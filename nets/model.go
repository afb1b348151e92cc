package nets

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Model is an architecture on an engine: it computes losses, gradients,
// Hessian-vector products and logits at any parameter vector. Parameters are
// not part of it. A Model is for one goroutine; Clone makes others.
type Model struct {
	arch   Arch
	engine graph.Engine
	dt     graph.DType
	params []Param
	size   int

	programs map[shapeKey]*batchProgram
	x        *graph.Tensor // buffers of the largest batch so far
	part     *graph.Tensor // gradient of one part of a large batch
	work     *atomic.Int64 // thirds of a gradient evaluation
}

// Work is counted in gradient evaluations, examples × (forward + backward): a
// gradient is 1, a forward pass 1/3, a Hessian-vector product 8/3.
const (
	forwardThirds  = 1
	gradientThirds = 3
	hvpThirds      = 8
)

// partSize is the largest batch of one program. Larger ones are computed in
// parts, so that memory stays bounded and parts stay in cache.
const partSize = 1024

// NewModel builds arch. A nil engine means a graph.Walker on all cores.
func NewModel(arch Arch, engine graph.Engine, dt graph.DType) (*Model, error) {
	if engine == nil {
		engine = graph.NewWalker(0)
	}
	m := &Model{arch: arch, engine: engine, dt: dt, programs: map[shapeKey]*batchProgram{}, work: new(atomic.Int64)}
	// The first build, over a vector longer than any, finds the parameters.
	g := graph.New(dt)
	p := &Params{w: g.Input("w", 1<<40)}
	err := graph.Build(func() {
		z := arch.Logits(p, g.Input("x", append([]int{2}, arch.Input...)...))
		if !slices.Equal(z.Shape(), []int{2, arch.Classes}) {
			panic(&graph.ShapeError{Op: "logits", Got: []graph.Shape{z.Shape()}, Want: fmt.Sprintf("[N %d]", arch.Classes)})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("nets: %s: %w", arch.Name, err)
	}
	if p.off == 0 {
		return nil, fmt.Errorf("nets: %s has no parameters", arch.Name)
	}
	m.params, m.size = p.specs, p.off
	m.part = graph.NewTensor(dt, m.size)
	return m, nil
}

// Clone returns a Model of its own that counts its work with m's.
func (m *Model) Clone() *Model {
	c := *m
	c.programs, c.x, c.part = map[shapeKey]*batchProgram{}, nil, graph.NewTensor(m.dt, m.size)
	return &c
}

// Arch returns the architecture.
func (m *Model) Arch() Arch { return m.arch }

// Engine returns the engine.
func (m *Model) Engine() graph.Engine { return m.engine }

// DType returns the number type.
func (m *Model) DType() graph.DType { return m.dt }

// Params lists the parameters; the caller must not change them.
func (m *Model) Params() []Param { return m.params }

// Size returns P, the length of the parameter vector.
func (m *Model) Size() int { return m.size }

// Init returns the initial parameters of a seed.
func (m *Model) Init(seed uint64) *graph.Tensor {
	w := m.NewVector()
	draw(w, m.params, seed)
	return w
}

// NewVector returns a [P] vector of zeros.
func (m *Model) NewVector() *graph.Tensor { return graph.NewTensor(m.dt, m.size) }

// GradEvals returns the gradient evaluations made so far by m and its clones.
func (m *Model) GradEvals() float64 { return float64(m.work.Load()) / 3 }

// Gradient sets grad to the mean gradient at w over the examples ids of ds, of
// which there must be one at least, and returns the mean loss.
func (m *Model) Gradient(w *graph.Tensor, ds *data.Dataset, ids []int, grad *graph.Tensor) (loss float64, err error) {
	l := graph.NewTensor(m.dt)
	err = m.overParts(gradientProgram, ds, ids, grad, func(p *batchProgram, g *graph.Tensor) error {
		p.out[0], p.out[1] = l, g
		if err := p.run(w); err != nil {
			return err
		}
		loss += l.At(0)
		return nil
	})
	m.work.Add(int64(gradientThirds * len(ids)))
	return loss, err
}

// HVP sets out to the Hessian at w of the mean loss over ids, times v.
func (m *Model) HVP(w, v *graph.Tensor, ds *data.Dataset, ids []int, out *graph.Tensor) error {
	m.work.Add(int64(hvpThirds * len(ids)))
	return m.overParts(hvpProgram, ds, ids, out, func(p *batchProgram, o *graph.Tensor) error {
		p.out[0], p.v = o, v
		return p.run(w)
	})
}

// overParts runs f on consecutive parts of the batch and adds the results
// into sum.
func (m *Model) overParts(kind programKind, ds *data.Dataset, ids []int, sum *graph.Tensor, f func(*batchProgram, *graph.Tensor) error) error {
	if len(ids) == 0 {
		return fmt.Errorf("nets: %s: a mean over no examples", m.arch.Name)
	}
	for lo := 0; lo < len(ids); lo += partSize {
		hi := min(lo+partSize, len(ids))
		p, err := m.load(kind, ds, ids[lo:hi], 1/float64(len(ids)))
		if err != nil {
			return err
		}
		if lo == 0 {
			err = f(p, sum)
		} else if err = f(p, m.part); err == nil {
			accumulate(sum, m.part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func accumulate(sum, part *graph.Tensor) {
	for i, v := range part.Float32s() {
		sum.Float32s()[i] += v
	}
	for i, v := range part.Float64s() {
		sum.Float64s()[i] += v
	}
}

// Logits returns the logits at w of n examples, x being [n, features]
// row-major: [n, Classes] row-major.
func (m *Model) Logits(ctx context.Context, w *graph.Tensor, x []float32, n int) ([]float64, error) {
	f := product(m.arch.Input)
	if len(x) != n*f {
		return nil, fmt.Errorf("nets: %s: %d values for %d examples of %d features", m.arch.Name, len(x), n, f)
	}
	r := make([]float64, 0, n*m.arch.Classes)
	for lo := 0; lo < n; lo += partSize {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("nets: logits: after %d of %d examples: %w", lo, n, err)
		}
		hi := min(lo+partSize, n)
		p, err := m.program(logitsProgram, hi-lo)
		if err != nil {
			return nil, err
		}
		for i, v := range x[lo*f : hi*f] {
			p.x.Set(i, float64(v))
		}
		z := graph.NewTensor(m.dt, hi-lo, m.arch.Classes)
		p.out[0] = z
		if err := p.run(w); err != nil {
			return nil, err
		}
		for i := range z.Len() {
			r = append(r, z.At(i))
		}
	}
	m.work.Add(int64(forwardThirds * n))
	return r, nil
}
