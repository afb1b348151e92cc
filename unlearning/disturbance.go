package unlearning

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Disturbance says how the disturbances δ_t = m/(b−m)·(ḡ_U − g_t) are found.
// The zero value computes every one from the smaller side of the batch.
type Disturbance struct {
	// Knots is the number of epochs in which they are computed, from the first whole one
	// to the last, at even distances in the logarithm of learning time; 0
	// means every epoch. In between, the gap between the gradient of the
	// smaller side, U or the rest, and that of all data is interpolated by a
	// spline: taken over a whole epoch it changes slowly. The recorded
	// gradients supply the rest, which does not.
	Knots int
	// Tails also computes, in every epoch, the disturbance of the smaller last
	// batch. Its examples weigh more than others, which ones they are is
	// chance, and no interpolation can know.
	Tails bool
}

// disturbances gives δ_t for the steps of one request.
type disturbances struct {
	q      *request
	exact  bool // every δ_t is computed
	tails  bool
	knots  *knots
	small  bool // the smaller side is U
	buf    *graph.Tensor
	kept   *graph.Tensor
	shares map[int]*graph.Tensor // by epoch: Σ_i∈part (∇ℓ_i − g_t) per example, over the steps not computed
	deltas map[int]*graph.Tensor // by step: δ_t where it was computed beforehand
	known  bool                  // the last delta given out is δ_t, not an interpolation
}

// planDisturbances says where disturbances will be computed.
func planDisturbances(q *request, first int, c Disturbance) (*disturbances, error) {
	if c.Knots < 0 {
		return nil, fmt.Errorf("disturbance: %d knots", c.Knots)
	}
	s := &disturbances{
		q: q, tails: c.Tails, small: 2*q.Forget.Len() <= q.Run.Data.Len(),
		buf: q.model.NewVector(), kept: q.model.NewVector(), shares: map[int]*graph.Tensor{}, deltas: map[int]*graph.Tensor{},
	}
	per := q.Run.Order.StepsPerEpoch()
	// Knots are whole epochs: only over one do all of U and all data meet. Steps
	// of an epoch that the window or the run cuts are computed.
	from, to := (first+per-1)/per, q.Run.Steps/per
	if s.exact = c.Knots == 0 || c.Knots >= to-from; !s.exact {
		s.knots = newKnots(q, from, to, c.Knots)
	}
	return s, nil
}

func newDisturbances(ctx context.Context, q *request, first int, c Disturbance) (*disturbances, error) {
	s, err := planDisturbances(q, first, c)
	if err != nil || s.exact {
		return s, err
	}
	return s, s.gather(ctx, first)
}

// computed reports whether the disturbance of a step is computed rather than
// interpolated.
func (s *disturbances) computed(t int) bool {
	order := s.q.Run.Order
	per := order.StepsPerEpoch()
	// Where an epoch is one batch, that batch is no smaller one.
	tail := per > 1 && order.N%order.Batch != 0 && t%per == per-1
	return s.exact || s.knots.cut(t/per) || s.knots.at(t/per) || s.tails && tail
}

// epochSums are sums over the steps of an epoch; part is the smaller side.
type epochSums struct {
	all   *graph.Tensor // Σ b_t g_t
	rest  *graph.Tensor // Σ m_t g_t over steps that are not computed
	part  *graph.Tensor // Σ_i∈part ∇ℓ_i over steps that are
	n, m  int           // Σ b_t, Σ m_t
	mRest int           // Σ m_t over steps that are not computed
}

// gather walks through the run once. It computes disturbances where they are
// to be computed, and leaves for every other epoch what its steps share.
func (s *disturbances) gather(ctx context.Context, first int) error {
	per := s.q.Run.Order.StepsPerEpoch()
	epochs := map[int]*epochSums{}
	for pt, err := range s.q.trajectory(first) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		e := epochs[pt.t/per]
		if e == nil {
			v := s.q.model.NewVector
			e = &epochSums{all: v(), rest: v(), part: v()}
			epochs[pt.t/per] = e
		}
		if err := s.add(e, pt); err != nil {
			return err
		}
	}
	for i, e := range s.knots.epochs {
		if k := epochs[e]; k.m > 0 {
			combine(s.knots.gaps[i], 1/float64(k.m), k.part, -1/float64(k.n), k.all)
		}
	}
	for e, k := range epochs {
		if k.mRest == 0 {
			continue
		}
		// Over the epoch Σ_i∈part ∇ℓ_i = m (F + gap). What the computed steps
		// took of it, and the m_t g_t that δ_t is measured from, is taken off.
		share := s.q.model.NewVector()
		s.knots.interpolate(e, share)
		addScaled(share, 1/float64(k.n), k.all)
		combine(share, float64(k.m), share, -1, k.rest)
		combine(share, 1/float64(k.mRest), share, -1/float64(k.mRest), k.part)
		s.shares[e] = share
	}
	return nil
}

// add counts one step.
func (s *disturbances) add(e *epochSums, pt point) error {
	if pt.g == nil {
		return s.noGradient(pt.t)
	}
	b, m := len(pt.kept)+len(pt.gone), len(pt.gone)
	if !s.small {
		m = len(pt.kept)
	}
	e.n, e.m = e.n+b, e.m+m
	addScaled(e.all, float64(b), pt.g)
	if !s.computed(pt.t) {
		e.mRest += m
		addScaled(e.rest, float64(m), pt.g)
		return nil
	}
	if len(pt.kept) == 0 || len(pt.gone) == 0 {
		// All of the batch is on one side: its gradient is known.
		addScaled(e.part, float64(m), pt.g)
		return nil
	}
	delta := s.q.model.NewVector()
	if err := s.compute(pt, delta); err != nil {
		return err
	}
	s.deltas[pt.t] = delta
	// ∇ over the kept is g − δ, over the gone g + (b−m)/m δ.
	addScaled(e.part, float64(m), pt.g)
	c := float64(len(pt.kept))
	if !s.small {
		c = -c
	}
	addScaled(e.part, c, delta)
	return nil
}

func (s *disturbances) noGradient(t int) error {
	return fmt.Errorf("step %d has no recorded gradient; record with history.All", t)
}

// at sets delta to the disturbance of a step that keeps some examples.
func (s *disturbances) at(pt point, delta *graph.Tensor) error {
	computed := s.computed(pt.t)
	s.known = computed || len(pt.gone) == 0
	switch before := s.deltas[pt.t]; {
	case len(pt.gone) == 0:
		delta.Zero()
	case before != nil:
		delta.Copy(before)
	case computed:
		return s.compute(pt, delta)
	case s.small:
		combine(delta, float64(len(pt.gone))/float64(len(pt.kept)), s.shares[s.epoch(pt.t)], 0, delta)
	default:
		combine(delta, -1, s.shares[s.epoch(pt.t)], 0, delta)
	}
	return nil
}

func (s *disturbances) epoch(t int) int { return t / s.q.Run.Order.StepsPerEpoch() }

// compute sets delta to δ_t from the smaller side of the batch.
func (s *disturbances) compute(pt point, delta *graph.Tensor) error {
	if pt.g == nil {
		return s.noGradient(pt.t)
	}
	m, b := float64(len(pt.gone)), float64(len(pt.gone)+len(pt.kept))
	if len(pt.gone) <= len(pt.kept) {
		if err := s.q.gradient(pt, pt.w, pt.gone, s.buf); err != nil {
			return err
		}
		combine(delta, m/(b-m), s.buf, -m/(b-m), pt.g)
		return nil
	}
	if err := s.q.gradient(pt, pt.w, pt.kept, s.buf); err != nil {
		return err
	}
	combine(delta, 1, pt.g, -1, s.buf)
	return nil
}

// keptGradient returns the mean gradient of the kept examples at w_t if it is
// known without work: g_t − δ_t.
func (s *disturbances) keptGradient(pt point, delta *graph.Tensor) *graph.Tensor {
	if !s.known || pt.g == nil {
		return nil
	}
	combine(s.kept, 1, pt.g, -1, delta)
	return s.kept
}
