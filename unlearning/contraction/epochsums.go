package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// epochSums are sums over the steps t of an epoch. Batch t has b_t examples, of which
// m_t are on the smaller side of the data, which is U or the rest.
type epochSums struct {
	all   *graph.Tensor // Σ b_t g_t
	rest  *graph.Tensor // Σ m_t g_t over the steps whose disturbance is interpolated
	part  *graph.Tensor // Σ ∇ℓ_i over the smaller side, over the steps whose disturbance is computed
	n, m  int           // Σ b_t, Σ m_t
	mRest int           // Σ m_t over the steps whose disturbance is interpolated
}

func newEpochSums(s *System) *epochSums {
	v := s.Model.NewVector
	return &epochSums{all: v(), rest: v(), part: v()}
}

func (e *epochSums) clear() {
	e.all.Zero()
	e.rest.Zero()
	e.part.Zero()
	e.n, e.m, e.mRest = 0, 0, 0
}

// probe returns what has to be computed at a step before add can count it. It is nil
// for an interpolated step, and for a batch that is all on one side, of which the
// gradient is known.
func (d *disturbances) probe(pt Point) *probe {
	if retain, forget := pt.Sizes(); !d.computed(pt.T) || retain == 0 || forget == 0 {
		return nil
	}
	p := &probe{pt: pt, delta: d.system.Model.NewVector()}
	p.retain, p.forget = pt.Split()
	return p
}

// add counts a step, with its probe if it has one.
func (d *disturbances) add(e *epochSums, pt Point, p *probe) {
	g := pt.mean()
	retain, forget := pt.Sizes()
	b, m := retain+forget, forget
	if !d.small {
		m = retain
	}
	e.n, e.m = e.n+b, e.m+m
	vector.AddScaled(e.all, float64(b), g)
	if !d.computed(pt.T) {
		e.mRest += m
		vector.AddScaled(e.rest, float64(m), g)
		return
	}
	if p == nil {
		// The batch is all on one side, and g_t is the gradient of that side.
		vector.AddScaled(e.part, float64(m), g)
		return
	}
	if pt.G == nil && e.n > b {
		// In a gap of the record only the last batch of an epoch is computed, and g_t is
		// known there alone. The mean over the epoch is known, too: what the last batch
		// lacks of it is in the other batches.
		c := float64(e.mRest) * float64(b) / float64(e.n-b)
		vector.AddScaled(e.rest, -c, p.g)
		vector.AddScaled(e.rest, c, pt.Drift)
	}
	// ∇ over the retained is g − δ, over the forgotten g + (b−m)/m δ.
	vector.AddScaled(e.part, float64(m), p.g)
	c := float64(retain)
	if !d.small {
		c = -c
	}
	vector.AddScaled(e.part, c, p.delta)
}
