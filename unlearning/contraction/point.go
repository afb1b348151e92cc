package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Point is one step of a path. Its tensors are valid until the next one is asked
// for and must not be changed.
type Point struct {
	T    int       // the path's number of the step
	Rate float64   // η
	View nets.View // as which examples are seen

	// W and P are parameters and momentum before the step, and WNext and PNext
	// after it. Momentum is nil where it is not known.
	W, P         *graph.Tensor
	WNext, PNext *graph.Tensor
	// G is the mean gradient of the batch at W; nil where it is not known. There
	// Drift is about the mean gradient of all data.
	G, Drift *graph.Tensor

	system *System
	whole  bool // all data are the batch
}

// BatchPoint returns a point for step t of the run: its rate, view and batch.
func (s *System) BatchPoint(t int) Point {
	return Point{T: t, Rate: s.Rate(t), View: s.Run.View(t), system: s}
}

// WholePoint returns a point whose batch is all data, as the run saw them last.
func (s *System) WholePoint(t int, rate float64) Point {
	return Point{T: t, Rate: rate, View: s.LastView(), system: s, whole: true}
}

// Sizes returns how many examples of the batch are retained, or added, and forgotten.
func (p Point) Sizes() (retain, forget int) {
	if p.whole {
		return len(p.system.Retain), p.system.Forget.Len()
	}
	return p.system.batches.sizes(p.T)
}

// Split returns the batch without U, with added examples last, and its part in U.
func (p Point) Split() (retain, forget []int) {
	if p.whole {
		return p.system.Retain, p.system.Forget.Positions()
	}
	return p.system.batches.split(p.T)
}

// mean returns g_t or what is known of its mean.
func (p Point) mean() *graph.Tensor {
	if p.G != nil {
		return p.G
	}
	return p.Drift
}

// Gradient sets g to the mean gradient at w over examples as pt shows them.
func (s *System) Gradient(pt Point, w *graph.Tensor, ids []int, g *graph.Tensor) error {
	_, err := s.Model.GradientAs(pt.View, w, s.Run.Data, ids, g)
	return err
}
