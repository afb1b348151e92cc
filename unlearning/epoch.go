package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// epochSums are sums over the steps of an epoch; part is the smaller side.
type epochSums struct {
	all   *graph.Tensor // Σ b_t g_t
	rest  *graph.Tensor // Σ m_t g_t over steps that are not computed
	part  *graph.Tensor // Σ_i∈part ∇ℓ_i over steps that are
	n, m  int           // Σ b_t, Σ m_t
	mRest int           // Σ m_t over steps that are not computed
}

func newEpochSums(q *request) *epochSums {
	v := q.model.NewVector
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
func (s *disturbances) probe(pt point) *probe {
	if kept, gone := pt.sizes(); !s.computed(pt.t) || kept == 0 || gone == 0 {
		return nil
	}
	p := &probe{pt: pt, delta: s.q.model.NewVector()}
	p.kept, p.gone = pt.split()
	return p
}

// add counts a step, with its probe if it has one.
func (s *disturbances) add(e *epochSums, pt point, p *probe) {
	g := pt.mean()
	kept, gone := pt.sizes()
	b, m := kept+gone, gone
	if !s.small {
		m = kept
	}
	e.n, e.m = e.n+b, e.m+m
	addScaled(e.all, float64(b), g)
	if !s.computed(pt.t) {
		e.mRest += m
		addScaled(e.rest, float64(m), g)
		return
	}
	if p == nil {
		// All of the batch is on one side: its gradient is known.
		addScaled(e.part, float64(m), g)
		return
	}
	if pt.g == nil && e.n > b {
		// In a gap, where only the last batch of an epoch is computed, the other
		// batches have what that one lacks of the mean gradient.
		c := float64(e.mRest) * float64(b) / float64(e.n-b)
		addScaled(e.rest, -c, p.g)
		addScaled(e.rest, c, pt.drift)
	}
	// ∇ over the kept is g − δ, over the gone g + (b−m)/m δ.
	addScaled(e.part, float64(m), p.g)
	c := float64(kept)
	if !s.small {
		c = -c
	}
	addScaled(e.part, c, p.delta)
}
