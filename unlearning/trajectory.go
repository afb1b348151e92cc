package unlearning

import (
	"iter"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// point is one step of the recorded run, or of what the record tells of it.
type point struct {
	t            int
	batches      *batches
	w, p         *graph.Tensor
	wNext, pNext *graph.Tensor
	g            *graph.Tensor // nil where the record has none
	drift        *graph.Tensor // there: about the mean gradient of all data
}

// sizes returns the sizes of the batch without U, and of its part in U.
func (p point) sizes() (kept, gone int) { return p.batches.sizes(p.t) }

// split returns the batch without U, and its part in U.
func (p point) split() (kept, gone []int) { return p.batches.split(p.t) }

// mean returns g_t or what is known of its mean.
func (p point) mean() *graph.Tensor {
	if p.g != nil {
		return p.g
	}
	return p.drift
}

// gradient sets g to the mean gradient at w over ids, which the epoch of pt
// shows as the run saw them.
func (q *request) gradient(pt point, w *graph.Tensor, ids []int, g *graph.Tensor) error {
	_, err := q.model.GradientAs(q.Run.View(pt.t), w, q.Run.Data, ids, g)
	return err
}

// trajectory yields the steps from … T−1. Where gradients are recorded, the
// parameters are replayed; in the gaps between, they move on a straight line
// from one recorded state to the next, at a speed proportional to the learning
// rate, and p is nil; that speed also tells the mean gradient.
func (q *request) trajectory(from int) iter.Seq2[point, error] {
	return func(yield func(point, error) bool) {
		at := from
		var w *graph.Tensor // parameters before step at, where the last replay ended
		for _, span := range q.History.Covered() {
			lo, hi := max(span[0], from), span[1]
			if hi <= from {
				continue
			}
			if lo > at {
				if w == nil {
					yield(point{t: at}, q.gap(at, lo))
					return
				}
				next, _, _, err := q.History.Checkpoint(span[0]) // Steps reads it too, and counts it
				if err != nil {
					yield(point{t: at}, err)
					return
				}
				if !q.line(at, lo, w, next, yield) {
					return
				}
				at = lo
			}
			var read int64
			for s, err := range q.History.Steps(q.model, q.rate, lo, hi) {
				if err != nil {
					yield(point{t: at}, err)
					return
				}
				pt := point{t: s.T, batches: q.batches, w: s.W, p: s.P, g: s.G, wNext: s.WAfter, pNext: s.PAfter}
				if !yield(pt, nil) {
					return
				}
				read, at = s.BytesRead, s.T+1
				if s.T == hi-1 {
					w = s.WAfter.Clone()
				}
			}
			q.read += read
			at = hi
		}
		switch {
		case at == q.Run.Steps:
		case w == nil:
			yield(point{t: at}, q.gap(at, q.Run.Steps))
		default:
			q.line(at, q.Run.Steps, w, q.Run.Params, yield)
		}
	}
}

// gap says that the gradients of the steps from … to−1 are not all recorded.
func (q *request) gap(from, to int) error {
	return &history.GapError{From: from, To: to, Policy: q.History.Policy()}
}

// line yields the steps from … to−1 of a straight line from a to b.
func (q *request) line(from, to int, a, b *graph.Tensor, yield func(point, error) bool) bool {
	var total, done float64
	for t := from; t < to; t++ {
		total += q.rate(t)
	}
	if total == 0 { // nothing moved, and nothing tells the gradient
		total = math.Inf(1)
	}
	w, next, drift := a.Clone(), a.Clone(), a.Clone()
	cfg := q.Run.Config
	for t := from; t < to; t++ {
		done += q.rate(t)
		mix(next, a, b, done/total)
		// Under a steady gradient p is (g + λw)/(1−β), and Σ η p is the way.
		combine(drift, (1-cfg.Momentum)/total, a, -(1-cfg.Momentum)/total, b)
		addScaled(drift, -cfg.WeightDecay, w)
		if !yield(point{t: t, batches: q.batches, w: w, wNext: next, drift: drift}, nil) {
			return false
		}
		w, next = next, w
	}
	return true
}
