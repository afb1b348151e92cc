package contraction

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// Interpolated computes the disturbances of some epochs and interpolates those of
// the others. The zero value computes every one from the smaller side of the
// batch.
type Interpolated struct {
	// Knots is the number of epochs in which they are computed, from the first whole
	// one to the last, at even distances in the logarithm of learning time, and
	// fewer where epochs hardly move; 0 means every epoch. In between, the
	// contrast is interpolated by a spline: the mean gradient of the smaller side, U or
	// the rest, less that of all data. Taken over a whole epoch it changes slowly. The
	// recorded gradients supply what changes fast.
	Knots int
	// Tails also computes, in every epoch, the disturbance of the smaller last
	// batch. Its examples weigh more than others, which ones they are is
	// chance, and no interpolation can know.
	Tails bool
}

func (c Interpolated) String() string {
	if c.Tails {
		return fmt.Sprintf("interpolated:%d:tails", c.Knots)
	}
	return fmt.Sprintf("interpolated:%d", c.Knots)
}

// Start implements Disturbance: it computes the disturbances at the knots.
func (c Interpolated) Start(ctx context.Context, s *System, w *Way) (Disturber, error) {
	switch {
	case !w.Recorded:
		return nil, errPath
	case s.added > 0:
		return c.added(s, w)
	}
	d, err := c.plan(s, w.From)
	if err != nil || d.exact {
		return d, err
	}
	workers := newWorkers(s)
	if err := d.gather(ctx, w.From, workers); err != nil {
		return nil, err
	}
	d.ahead = d.lookAhead(ctx, w.From, workers[0], len(workers) > 1)
	return d, nil
}

// disturbances gives δ_t for the steps of a way, in their order.
//
// Beside a few vectors of one epoch it keeps one for each knot and one for
// each step of the epochs with knots, until that step has come: their
// disturbances are found before the first step and not computed twice. While
// they are, there are four more for each worker: two steps begun and its own two.
type disturbances struct {
	system *System
	exact  bool // every δ_t is computed
	tails  bool
	knots  *knots
	small  bool                  // the smaller side is U
	deltas map[int]*graph.Tensor // by step: δ_t where it was computed beforehand
	out    *graph.Tensor         // what At returned last
	worker *worker               // for those that are computed when asked for
	ahead  *ahead
}

// plan says where disturbances will be computed.
func (c Interpolated) plan(s *System, first int) (*disturbances, error) {
	if c.Knots < 0 {
		return nil, fmt.Errorf("disturbance: %d knots", c.Knots)
	}
	d := &disturbances{
		system: s, tails: c.Tails, small: 2*s.Forget.Len() <= s.Run.Data.Len(),
		deltas: map[int]*graph.Tensor{}, out: s.Model.NewVector(), worker: newWorker(s),
	}
	// Knots are whole epochs: only over one do all of U and all data meet. Steps
	// of an epoch that the window or the run cuts are computed.
	per := s.Run.Order.StepsPerEpoch()
	var whole, cut []int
	from, to, gaps := first/per, (s.Run.Steps+per-1)/per, false
	for e := from; e < to; e++ {
		switch recorded := s.recorded(max(first, e*per), min((e+1)*per, s.Run.Steps)); {
		case !recorded:
			gaps = true
		case e*per >= first && (e+1)*per <= s.Run.Steps:
			whole = append(whole, e)
		default:
			cut = append(cut, e)
		}
	}
	n := c.Knots
	if n == 0 || n > len(whole) {
		n = len(whole)
	}
	if d.exact = n == 0 || n == len(whole) && !gaps; !d.exact {
		d.knots = newKnots(s, from, to, whole, cut, n)
	}
	return d, nil
}

// Close implements Disturber: it ends the walk ahead.
func (d *disturbances) Close() {
	if d.ahead != nil {
		d.ahead.stop()
	}
}

// computed reports whether the disturbance of a step is computed rather than
// interpolated.
func (d *disturbances) computed(t int) bool {
	order := d.system.Run.Order
	per := order.StepsPerEpoch()
	// Where an epoch is one batch, that batch is no smaller one.
	tail := per > 1 && order.N%order.Batch != 0 && t%per == per-1
	return d.exact || d.knots.computed(t/per) || d.tails && tail
}

// At implements Disturber.
func (d *disturbances) At(pt Point) (*graph.Tensor, bool, error) {
	if err := d.reach(pt.T); err != nil {
		return nil, false, err
	}
	retain, forget := pt.Sizes()
	if retain == 0 {
		return nil, false, nil
	}
	computed := d.computed(pt.T)
	exact := computed || forget == 0
	if forget == 0 {
		d.out.Zero()
		return d.out, exact, nil
	}
	switch before := d.deltas[pt.T]; {
	case before != nil:
		delete(d.deltas, pt.T)
		return before, exact, nil
	case computed:
		p := &probe{pt: pt, delta: d.out}
		p.retain, p.forget = pt.Split()
		d.worker.compute(p)
		return d.out, exact, p.err
	case d.small:
		vector.Combine(d.out, float64(forget)/float64(retain), d.ahead.contrast, 0, d.out)
	default:
		vector.Combine(d.out, -1, d.ahead.contrast, 0, d.out)
	}
	return d.out, exact, nil
}
