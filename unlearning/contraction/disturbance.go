package contraction

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// Disturbance is a way to find δ, by which the steps of the two runs differ at
// the same point: the mean gradient over a whole batch less that over its
// retained part.
type Disturbance interface {
	// String is a notation for results.
	String() string
	// Start prepares for one way of a system.
	Start(ctx context.Context, s *System, w *Way) (Disturber, error)
}

// Disturber finds the disturbances of one way.
type Disturber interface {
	// At returns δ at a point, which is valid until the next call, and whether it is
	// exact: whether the point's gradient less δ is the gradient over the retained
	// part. It is asked for every step, in their order. Where nothing of a batch is
	// retained, what it returns is not used.
	At(pt Point) (delta *graph.Tensor, exact bool, err error)
	// Close ends what is under way. It is called once, after the last step.
	Close()
}

// DisturbFunc makes a Disturber of a function that stands for At.
type DisturbFunc func(pt Point) (delta *graph.Tensor, exact bool, err error)

// At implements Disturber.
func (f DisturbFunc) At(pt Point) (*graph.Tensor, bool, error) { return f(pt) }

// Close implements Disturber.
func (DisturbFunc) Close() {}

// PerStep computes the disturbance of every step, from the smaller side of its
// batch. Where a record has gaps, it is Interpolated with every recorded epoch for
// a knot.
type PerStep struct{}

func (PerStep) String() string { return "per-step" }

// Start implements Disturbance.
func (PerStep) Start(ctx context.Context, s *System, w *Way) (Disturber, error) {
	return Interpolated{}.Start(ctx, s, w)
}

// errPath says that a disturbance asks for the steps of a run.
var errPath = errors.New("disturbance: it is that of a run's batches, and the path is not the recorded one")

// Spread is a sum of disturbances over a run, each part of the learning time of
// the first steps having an equal part of it. What it moved settles in the others. Of a step
// that is shortened less is taken, see Shortener, and that part does not come later. It is a Reacher.
type Spread struct {
	// Sum is the whole of it, [P], times learning time: where nothing but weight decay
	// resists, d ends at Strength times Sum, however few the steps are that momentum
	// has to bring it there.
	Sum *graph.Tensor
	// Strength is how much of it is taken; 0 is nothing.
	Strength float64
	// First is the share of the steps that it is spread over, rounded up; 0 means all.
	First float64
}

func (s Spread) String() string { return "spread" }

// Start implements Disturbance.
func (s Spread) Start(_ context.Context, sys *System, w *Way) (Disturber, error) {
	switch {
	case s.Sum == nil || s.Sum.Len() != sys.Model.Size():
		return nil, errors.New("disturbance: the sum to spread is not a vector of the model's parameters")
	case !(s.First >= 0 && s.First <= 1):
		return nil, fmt.Errorf("disturbance: %g is not a share of the steps", s.First)
	case s.First == 0:
		s.First = 1
	}
	end := w.From + int(math.Ceil(s.First*float64(w.To-w.From)))
	// The loop itself, in one coordinate, along a disturbance of 1.
	var reach, farthest, momentum float64
	reaches := make([]float64, 0, w.To-w.From)
	for t := w.From; t < w.To; t++ {
		momentum = w.Momentum*momentum + sys.Run.Config.WeightDecay*reach
		if t < end {
			momentum--
		}
		reach -= w.Rate(t) * momentum
		farthest = max(farthest, math.Abs(reach))
		reaches = append(reaches, farthest)
	}
	if !(reach > 0) || math.IsInf(reach, 0) {
		return nil, fmt.Errorf("disturbance: steps of these learning rates move by %g along what does not resist, with a weight decay of %g; take smaller rates", reach, sys.Run.Config.WeightDecay)
	}
	delta, none := sys.Model.NewVector(), sys.Model.NewVector()
	vector.Combine(delta, s.Strength/reach, s.Sum, 0, s.Sum)
	floats.Scale(vector.Norm(delta), reaches)
	at := func(pt Point) (*graph.Tensor, bool, error) {
		if pt.T < end {
			return delta, false, nil
		}
		return none, false, nil
	}
	return spreader{at, w.From, reaches}, nil
}

// spreader is Spread along one way.
type spreader struct {
	DisturbFunc
	from    int
	reaches []float64 // up to each step of the way
}

// Reach implements Reacher.
func (s spreader) Reach(t int) float64 { return s.reaches[t-s.from] }
