package unlearning

import (
	"context"
	"iter"

	"github.com/miniunlearn/miniunlearn/graph"
)

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

// gather walks through the run and finds the gaps at the knots.
func (s *disturbances) gather(ctx context.Context, first int) error {
	per := s.q.Run.Order.StepsPerEpoch()
	e := newEpochSums(s.q)
	knot := 0
	reader := *s.q // what it reads is read again
	for pt, err := range reader.trajectory(first) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if knot == len(s.knots.epochs) {
			break
		}
		if pt.t/per != s.knots.epochs[knot] {
			continue
		}
		if err := s.add(e, pt); err != nil {
			return err
		}
		if pt.t%per == per-1 {
			if e.m > 0 {
				combine(s.knots.gaps[knot], 1/float64(e.m), e.part, -1/float64(e.n), e.all)
			}
			e.clear()
			knot++
		}
	}
	return nil
}

// add counts one step, whose disturbance it computes and keeps if it is one of
// those.
func (s *disturbances) add(e *epochSums, pt point) error {
	g := pt.mean()
	if g == nil {
		return s.noGradient(pt.t)
	}
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
		return nil
	}
	if kept == 0 || gone == 0 {
		// All of the batch is on one side: its gradient is known.
		addScaled(e.part, float64(m), g)
		return nil
	}
	delta := s.q.model.NewVector()
	g, err := s.compute(pt, delta)
	if err != nil {
		return err
	}
	s.deltas[pt.t] = delta
	if pt.g == nil && e.n > b {
		// In a gap, where only the last batch of an epoch is computed, the other
		// batches have what that one lacks of the mean gradient.
		c := float64(e.mRest) * float64(b) / float64(e.n-b)
		addScaled(e.rest, -c, g)
		addScaled(e.rest, c, pt.drift)
	}
	// ∇ over the kept is g − δ, over the gone g + (b−m)/m δ.
	addScaled(e.part, float64(m), g)
	c := float64(kept)
	if !s.small {
		c = -c
	}
	addScaled(e.part, c, delta)
	return nil
}

// ahead is a second walk through the run, an epoch ahead of the recursion: what
// the steps of an epoch share is known when all of them have been seen.
type ahead struct {
	next  func() (point, error, bool)
	stop  func()
	at    int // the walk's next step
	sums  *epochSums
	share *graph.Tensor // Σ_i∈part (∇ℓ_i − g_t) per example, over the steps not computed
}

func lookAhead(q *request, first int) *ahead {
	reader := *q // what it reads is read again
	next, stop := iter.Pull2(reader.trajectory(first))
	return &ahead{next, stop, first, newEpochSums(q), q.model.NewVector()}
}

// reach walks to the end of the epoch of step t. Knots have been seen.
func (a *ahead) reach(s *disturbances, t int) error {
	per := s.q.Run.Order.StepsPerEpoch()
	end := min((t/per+1)*per, s.q.Run.Steps)
	if a.at >= end || s.knots.computed(t/per) {
		return nil
	}
	for a.sums.clear(); a.at < end; a.at++ {
		pt, err, ok := a.next()
		if !ok || err != nil {
			return err
		}
		if pt.t >= t/per*per {
			if err := s.add(a.sums, pt); err != nil {
				return err
			}
		}
	}
	if k := a.sums; k.mRest > 0 {
		// Over the epoch Σ_i∈part ∇ℓ_i = m (F + gap). What the computed steps
		// took of it, and the m_t g_t that δ_t is measured from, is taken off.
		s.knots.interpolate(t/per, a.share)
		addScaled(a.share, 1/float64(k.n), k.all)
		combine(a.share, float64(k.m), a.share, -1, k.rest)
		combine(a.share, 1/float64(k.mRest), a.share, -1/float64(k.mRest), k.part)
	}
	return nil
}
