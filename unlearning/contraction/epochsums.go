package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// epochSums are sums over the steps of an epoch; part is the smaller side.
type epochSums struct {
	all   *graph.Tensor // Σ b_t g_t
	rest  *graph.Tensor // Σ m_t g_t over steps that are not computed
	part  *graph.Tensor // Σ_i∈part ∇ℓ_i over steps that are
	n, m  int           // Σ b_t, Σ m_t
	mRest int           // Σ m_t over steps that are not computed
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

// probe returns what is to be computed at a step before it is counted, nil if
// nothing is.
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
		// All of the batch is on one side: its gradient is known.
		vector.AddScaled(e.part, float64(m), g)
		return
	}
	if pt.G == nil && e.n > b {
		// In a gap, where only the last batch of an epoch is computed, the other
		// batches have what that one lacks of the mean gradient.
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
