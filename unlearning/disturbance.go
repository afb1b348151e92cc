package unlearning

import (
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Disturbance says how the disturbances δ_t = m/(b−m)·(ḡ_U − g_t) are found.
// The zero value computes every one from the smaller side of the batch.
type Disturbance struct {
	// Knots is the number of epochs in which they are computed, from the first whole one
	// to the last, at even distances in the logarithm of learning time, and
	// fewer where epochs hardly move; 0 means every epoch. In between, the gap between the gradient of the
	// smaller side, U or the rest, and that of all data is interpolated by a
	// spline: taken over a whole epoch it changes slowly. The recorded
	// gradients supply the rest, which does not.
	Knots int
	// Tails also computes, in every epoch, the disturbance of the smaller last
	// batch. Its examples weigh more than others, which ones they are is
	// chance, and no interpolation can know.
	Tails bool
}

// disturbances gives δ_t for the steps of one request, in their order.
//
// Beside a few vectors of one epoch it keeps one for each knot and one for
// each step of the epochs with knots, until that step has come: their
// disturbances are found before the first step and not computed twice. While
// they are, there are four more for each worker: two steps begun and a desk.
type disturbances struct {
	q      *request
	exact  bool // every δ_t is computed
	tails  bool
	knots  *knots
	small  bool // the smaller side is U
	kept   *graph.Tensor
	deltas map[int]*graph.Tensor // by step: δ_t where it was computed beforehand
	known  bool                  // the last delta given out is δ_t, not an interpolation
	desk   *desk                 // for those that are computed when asked for
	ahead  *ahead
}

// planDisturbances says where disturbances will be computed.
func planDisturbances(q *request, first int, c Disturbance) (*disturbances, error) {
	if c.Knots < 0 {
		return nil, fmt.Errorf("disturbance: %d knots", c.Knots)
	}
	s := &disturbances{
		q: q, tails: c.Tails, small: 2*q.Forget.Len() <= q.Run.Data.Len(),
		kept: q.model.NewVector(), deltas: map[int]*graph.Tensor{}, desk: newDesk(q),
	}
	// Knots are whole epochs: only over one do all of U and all data meet. Steps
	// of an epoch that the window or the run cuts are computed.
	per := q.Run.Order.StepsPerEpoch()
	var whole, cut []int
	from, to, gaps := first/per, (q.Run.Steps+per-1)/per, false
	for e := from; e < to; e++ {
		switch recorded := q.recorded(max(first, e*per), min((e+1)*per, q.Run.Steps)); {
		case !recorded:
			gaps = true
		case e*per >= first && (e+1)*per <= q.Run.Steps:
			whole = append(whole, e)
		default:
			cut = append(cut, e)
		}
	}
	n := c.Knots
	if n == 0 || n > len(whole) {
		n = len(whole)
	}
	if s.exact = n == 0 || n == len(whole) && !gaps; !s.exact {
		s.knots = newKnots(q, from, to, whole, cut, n)
	}
	return s, nil
}

func newDisturbances(ctx context.Context, q *request, first int, c Disturbance) (*disturbances, error) {
	s, err := planDisturbances(q, first, c)
	if err != nil || s.exact {
		return s, err
	}
	desks := newDesks(q)
	if err := s.gather(ctx, first, desks); err != nil {
		return nil, err
	}
	s.ahead = s.lookAhead(ctx, first, desks[0], len(desks) > 1)
	return s, nil
}

// close ends the walk ahead.
func (s *disturbances) close() {
	if s.ahead != nil {
		s.ahead.stop()
	}
}

// recorded reports whether the gradients of the steps from … to−1 are.
func (q *request) recorded(from, to int) bool {
	return slices.ContainsFunc(q.History.Covered(), func(c [2]int) bool { return c[0] <= from && to <= c[1] })
}

// computed reports whether the disturbance of a step is computed rather than
// interpolated.
func (s *disturbances) computed(t int) bool {
	order := s.q.Run.Order
	per := order.StepsPerEpoch()
	// Where an epoch is one batch, that batch is no smaller one.
	tail := per > 1 && order.N%order.Batch != 0 && t%per == per-1
	return s.exact || s.knots.computed(t/per) || s.tails && tail
}

// at sets delta to the disturbance of a step that keeps some examples. reach has
// been called with it.
func (s *disturbances) at(pt point, delta *graph.Tensor) error {
	kept, gone := pt.sizes()
	computed := s.computed(pt.t)
	s.known = computed || gone == 0
	if gone == 0 {
		delta.Zero()
		return nil
	}
	switch before := s.deltas[pt.t]; {
	case before != nil:
		delta.Copy(before)
		delete(s.deltas, pt.t)
	case computed:
		p := &probe{pt: pt, delta: delta}
		p.kept, p.gone = pt.split()
		s.desk.compute(p)
		return p.err
	case s.small:
		combine(delta, float64(gone)/float64(kept), s.ahead.gap, 0, delta)
	default:
		combine(delta, -1, s.ahead.gap, 0, delta)
	}
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
