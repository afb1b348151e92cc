package contraction

import (
	"fmt"
	"iter"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Recorded follows the recorded run, or the end of it.
type Recorded struct{ Window Window }

func (r Recorded) String() string {
	if r.Window == (Window{}) {
		return "recorded"
	}
	return fmt.Sprintf("recorded:last:%g", r.Window.Last)
}

// Start implements Path.
func (r Recorded) Start(s *System) (*Way, error) {
	if s.Record == nil {
		return nil, fmt.Errorf("path: %w", ErrNoRecord)
	}
	first, err := r.Window.first(s.Run)
	if err != nil {
		return nil, err
	}
	cfg := s.Run.Config
	return &Way{
		From: first, To: s.Run.Steps, Momentum: cfg.Momentum, Rate: s.Rate, Time: nets.LearningTime(cfg.LR, first, s.Run.Steps) / (1 - cfg.Momentum),
		Recorded: true, Points: s.Trajectory(first), End: s.Run.Params,
	}, nil
}

// Trajectory yields the steps from … T−1. Where gradients are recorded, the
// parameters are replayed; in the gaps between, they move on a straight line
// from one recorded state to the next, at a speed proportional to the learning
// rate, and momentum is not known; that speed also tells the mean gradient.
func (s *System) Trajectory(from int) iter.Seq2[Point, error] {
	return func(yield func(Point, error) bool) {
		at := from
		var w *graph.Tensor // parameters before step at, where the last replay ended
		for _, span := range s.Record.Covered() {
			lo, hi := max(span[0], from), span[1]
			if hi <= from {
				continue
			}
			if lo > at {
				if w == nil {
					yield(Point{T: at}, s.Gap(at, lo))
					return
				}
				next, _, _, err := s.Record.Checkpoint(span[0]) // Steps reads it too, and counts it
				if err != nil {
					yield(Point{T: at}, err)
					return
				}
				if !s.line(at, lo, w, next, yield) {
					return
				}
				at = lo
			}
			var read int64
			for step, err := range s.Record.Steps(s.Model, s.Rate, lo, hi) {
				if err != nil {
					yield(Point{T: at}, err)
					return
				}
				pt := s.BatchPoint(step.T)
				pt.W, pt.P, pt.G, pt.WNext, pt.PNext = step.W, step.P, step.G, step.WAfter, step.PAfter
				if !yield(pt, nil) {
					return
				}
				read, at = step.BytesRead, step.T+1
				if step.T == hi-1 {
					w = step.WAfter.Clone()
				}
			}
			s.BytesRead += read
			at = hi
		}
		switch {
		case at == s.Run.Steps:
		case w == nil:
			yield(Point{T: at}, s.Gap(at, s.Run.Steps))
		default:
			s.line(at, s.Run.Steps, w, s.Run.Params, yield)
		}
	}
}

// line yields the steps from … to−1 of a straight line from a to b.
func (s *System) line(from, to int, a, b *graph.Tensor, yield func(Point, error) bool) bool {
	var total, done float64
	for t := from; t < to; t++ {
		total += s.Rate(t)
	}
	if total == 0 { // nothing moved, and nothing tells the gradient
		total = math.Inf(1)
	}
	w, next, drift := a.Clone(), a.Clone(), a.Clone()
	cfg := s.Run.Config
	for t := from; t < to; t++ {
		done += s.Rate(t)
		vector.Mix(next, a, b, done/total)
		// Under a steady gradient p is (g + λw)/(1−β), and Σ η p is the way.
		vector.Combine(drift, (1-cfg.Momentum)/total, a, -(1-cfg.Momentum)/total, b)
		vector.AddScaled(drift, -cfg.WeightDecay, w)
		pt := s.BatchPoint(t)
		pt.W, pt.WNext, pt.Drift = w, next, drift
		if !yield(pt, nil) {
			return false
		}
		w, next = next, w
	}
	return true
}
