package nets

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// Model is an architecture on an engine: it computes losses, gradients,
// Hessian-vector products and logits at any parameter vector. Parameters are
// not part of it. A Model is for one goroutine; Clone makes others.
//
// On an engine with memory of its own, a [graph.Resident], the data set last
// used is kept there as long as the Model is; models on one device share it. It
// must not change: what was sent is what counts.
type Model struct {
	arch   Arch
	engine graph.Engine
	dt     graph.DType
	params []Param
	size   int

	compiler graph.Engine // engine, with one block of memory for all programs
	programs programs
	x        *graph.Tensor // rows of the largest batch so far
	table    *table        // the data set last used, if the engine keeps it
	part     *graph.Tensor // gradient of one part of a large batch
	partSize int           // examples of a part
	work     *work
}

// Work is counted in gradient evaluations, examples × (forward + backward): a
// gradient is 1, a forward pass 1/3, a Hessian-vector product 8/3.
const (
	forwardThirds  = 1
	gradientThirds = 3
	hvpThirds      = 8
)

// work counts thirds of a gradient evaluation, here and, for a clone, with its
// source.
type work struct {
	thirds atomic.Int64
	source *work
}

func (w *work) add(thirds int) {
	for ; w != nil; w = w.source {
		w.thirds.Add(int64(thirds))
	}
}

// NewModel builds arch. A nil engine means a graph.Walker on all cores.
func NewModel(arch Arch, engine graph.Engine, dt graph.DType) (*Model, error) {
	if arch.Logits == nil {
		return nil, fmt.Errorf("nets: architecture %q has no Logits; take one of Parse, MLP, CNN and the like, or set them", arch.Name)
	}
	if engine == nil {
		engine = graph.NewWalker(0)
	}
	m := &Model{arch: arch, engine: engine, compiler: sharing(engine), dt: dt, work: new(work)}
	// The first build, over a vector longer than any, finds the parameters.
	g := graph.New(dt)
	p := &Params{w: g.Input("w", 1<<40)}
	err := graph.Build(func() {
		z := arch.Logits(p, g.Input("x", append([]int{2}, arch.Input...)...))
		if !slices.Equal(z.Shape(), []int{2, arch.Classes}) {
			panic(&graph.ShapeError{Op: "logits", Got: []graph.Shape{z.Shape()}, Want: fmt.Sprintf("[N %d]", arch.Classes)})
		}
		m.partSize = partSize(z, 2)
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

// Clone returns a Model of its own that has done no work yet; what it does
// counts with m's too.
func (m *Model) Clone() *Model {
	c := *m
	c.work = &work{source: m.work}
	c.compiler = sharing(m.engine)
	c.programs, c.x, c.part = programs{}, nil, graph.NewTensor(m.dt, m.size)
	return &c
}

// Crew returns models that compute as m does, bit for bit, each for a goroutine
// of its own: clones on one core, as many as m's engine has workers. Where
// gradients do not depend on each other, sharing them out is faster than sharing
// each of them out. With one worker, or an engine other than a [graph.Walker],
// it is m alone.
func (m *Model) Crew() []*Model {
	w, ok := m.engine.(*graph.Walker)
	if !ok || w.Workers() == 1 {
		return []*Model{m}
	}
	crew := make([]*Model, w.Workers())
	for i := range crew {
		crew[i] = m.Clone()
		crew[i].moveTo(&graph.Walker{})
	}
	return crew
}

// moveTo makes m a model on another engine of equal bits, without memory.
func (m *Model) moveTo(e graph.Engine) {
	m.engine, m.compiler = e, sharing(e)
	m.programs, m.x, m.table = programs{}, nil, nil
}

// sharing returns e with memory that the programs of one model share, if e can:
// a model runs one at a time, for dozens of batch sizes.
func sharing(e graph.Engine) graph.Engine {
	if s, ok := e.(graph.Sharer); ok {
		return s.Sharing()
	}
	return e
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
func (m *Model) GradEvals() float64 { return float64(m.work.thirds.Load()) / 3 }

// Gradient sets grad to the mean gradient at w over the examples ids of ds, of
// which there must be one at least, and returns the mean loss.
func (m *Model) Gradient(w *graph.Tensor, ds *data.Dataset, ids []int, grad *graph.Tensor) (loss float64, err error) {
	return m.GradientAs(View{}, w, ds, ids, grad)
}

// GradientAs is Gradient over the examples as view shows them; that of step t
// of a run is its View(t).
func (m *Model) GradientAs(view View, w *graph.Tensor, ds *data.Dataset, ids []int, grad *graph.Tensor) (loss float64, err error) {
	return m.gradient(view, w, ds, ids, grad, nil)
}

// gradient is GradientAs that also sets dz [N, Classes], unless it is nil, to
// the gradient of the mean loss in the logits.
func (m *Model) gradient(view View, w *graph.Tensor, ds *data.Dataset, ids []int, grad, dz *graph.Tensor) (loss float64, err error) {
	l := graph.NewTensor(m.dt)
	err = m.overParts(gradientProgram, view, ds, ids, []*graph.Tensor{grad}, func(p *batchProgram, lo, _ int, g *graph.Tensor) error {
		p.out[0], p.out[1], p.out[2] = l, g, p.dz
		if err := p.run(w); err != nil {
			return err
		}
		loss += l.At(0)
		if dz != nil {
			k := m.arch.Classes
			dz.Slice(lo*k, lo*k+p.dz.Len()).Copy(p.dz)
		}
		return nil
	})
	m.work.add(gradientThirds * len(ids))
	return loss, err
}

// GradientsAs sets grads[k] to the gradient at ws[k], as GradientAs does with
// each. The examples are loaded once, which is about half of the work where the
// model is small and the data are not in a cache.
func (m *Model) GradientsAs(view View, ws []*graph.Tensor, ds *data.Dataset, ids []int, grads []*graph.Tensor) error {
	l := graph.NewTensor(m.dt)
	m.work.add(gradientThirds * len(ids) * len(ws))
	return m.overParts(gradientProgram, view, ds, ids, grads, func(p *batchProgram, _, k int, g *graph.Tensor) error {
		p.out[0], p.out[1], p.out[2] = l, g, p.dz
		return p.run(ws[k])
	})
}

// HVP sets out to the Hessian at w of the mean loss over ids, times v.
func (m *Model) HVP(w, v *graph.Tensor, ds *data.Dataset, ids []int, out *graph.Tensor) error {
	return m.HVPAs(View{}, w, v, ds, ids, out)
}

// HVPAs is HVP over the examples as view shows them.
func (m *Model) HVPAs(view View, w, v *graph.Tensor, ds *data.Dataset, ids []int, out *graph.Tensor) error {
	m.work.add(hvpThirds * len(ids))
	return m.overParts(hvpProgram, view, ds, ids, []*graph.Tensor{out}, func(p *batchProgram, _, _ int, o *graph.Tensor) error {
		p.out[0], p.v = o, v
		return p.run(w)
	})
}

// overParts runs f on consecutive parts of the batch, each from an example lo
// on and loaded once, for every k, and adds the results into sums[k].
func (m *Model) overParts(kind programKind, view View, ds *data.Dataset, ids []int, sums []*graph.Tensor, f func(p *batchProgram, lo, k int, part *graph.Tensor) error) error {
	return m.parts(len(ids), sums, func(lo, hi int) (*batchProgram, error) {
		return m.load(kind, view, ds, ids[lo:hi], 1/float64(len(ids)))
	}, f)
}

// parts is overParts for a batch of n whose parts lo … hi−1 are loaded by load.
func (m *Model) parts(n int, sums []*graph.Tensor, load func(lo, hi int) (*batchProgram, error), f func(p *batchProgram, lo, k int, part *graph.Tensor) error) error {
	if n == 0 {
		return fmt.Errorf("nets: %s: a mean over no examples", m.arch.Name)
	}
	for lo := 0; lo < n; lo += m.partSize {
		p, err := load(lo, min(lo+m.partSize, n))
		if err != nil {
			return m.withTable(err)
		}
		for k, sum := range sums {
			if lo == 0 {
				err = f(p, lo, k, sum)
			} else if err = f(p, lo, k, m.part); err == nil {
				kernel.Add(sum.Float32s(), m.part.Float32s())
				kernel.Add(sum.Float64s(), m.part.Float64s())
			}
			if err != nil {
				break
			}
		}
		if p.unload(); err != nil {
			return m.withTable(err)
		}
	}
	return nil
}

// LogitsAs sets z [N, Classes], row-major, to the logits at w of the examples
// ids of ds as view shows them. Parameters that are not finite are an error that
// wraps ErrNotFinite.
func (m *Model) LogitsAs(view View, w *graph.Tensor, ds *data.Dataset, ids []int, z []float64) error {
	if err := m.checkLogits("logits", z, ids); err != nil {
		return err
	}
	if err := m.CheckParams(w); err != nil {
		return fmt.Errorf("nets: logits: %w", err)
	}
	k := m.arch.Classes
	for lo := 0; lo < len(ids); lo += m.partSize {
		hi := min(lo+m.partSize, len(ids))
		p, err := m.load(logitsProgram, view, ds, ids[lo:hi], 0)
		if err != nil {
			return m.withTable(err)
		}
		out := graph.NewTensor(m.dt, hi-lo, k)
		p.out[0] = out
		err = p.run(w)
		if p.unload(); err != nil {
			return m.withTable(err)
		}
		for i := range out.Len() {
			z[lo*k+i] = out.At(i)
		}
	}
	m.work.add(forwardThirds * len(ids))
	return nil
}

// Logits returns the logits at w of n examples, x being [n, features]
// row-major: [n, Classes] row-major. Parameters, or logits, that are not finite
// are an error that wraps ErrNotFinite: the largest of them would mean nothing.
func (m *Model) Logits(ctx context.Context, w *graph.Tensor, x []float32, n int) ([]float64, error) {
	if err := m.CheckParams(w); err != nil {
		return nil, fmt.Errorf("nets: logits: %w", err)
	}
	f := product(m.arch.Input)
	if len(x) != n*f {
		return nil, fmt.Errorf("nets: %s: %d values for %d examples of %d features", m.arch.Name, len(x), n, f)
	}
	r := make([]float64, 0, n*m.arch.Classes)
	for lo := 0; lo < n; lo += m.partSize {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("nets: logits: after %d of %d examples: %w", lo, n, err)
		}
		hi := min(lo+m.partSize, n)
		p, err := m.program(logitsProgram, hi-lo)
		if err != nil {
			return nil, err
		}
		p.x.Copy(graph.FromSlice(x[lo*f : hi*f]))
		z := graph.NewTensor(m.dt, hi-lo, m.arch.Classes)
		p.out[0] = z
		if err := p.run(w); err != nil {
			return nil, err
		}
		for i := range z.Len() {
			v := z.At(i)
			if v-v != 0 {
				return nil, fmt.Errorf("nets: logits: %w: that of class %d for example %d is %g", ErrNotFinite, i%m.arch.Classes, lo+i/m.arch.Classes, v)
			}
			r = append(r, v)
		}
	}
	m.work.add(forwardThirds * n)
	return r, nil
}
