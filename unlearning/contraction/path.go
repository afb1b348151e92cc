package contraction

import (
	"fmt"
	"iter"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Path says where the contraction goes: around which points the two runs are
// compared, and at which learning rates.
type Path interface {
	// String is a notation for results.
	String() string
	// Start returns the way for a system, or says why there is none.
	Start(s *System) (*Way, error)
}

// Way is a path of one system.
type Way struct {
	From, To int                 // its steps: From … To−1
	Momentum float64             // β
	Rate     func(t int) float64 // η
	Time     float64             // Σ η/(1−β) over the steps
	// Recorded says that the steps and their batches are the run's.
	Recorded bool
	Points   iter.Seq2[Point, error]
	End      *graph.Tensor // the parameters after the last step
}

// Fixed stays at the final parameters w_T of the run, with steps of its own.
type Fixed struct {
	Steps    int
	LR       nets.LRSchedule
	Momentum float64
}

func (f Fixed) String() string { return fmt.Sprintf("fixed:%d:%s:%g", f.Steps, f.LR, f.Momentum) }

// Start implements Path.
func (f Fixed) Start(s *System) (*Way, error) {
	switch {
	case f.LR == nil:
		return nil, fmt.Errorf("path: a fixed one needs learning rates")
	case f.Steps < 1 || !(f.Momentum >= 0 && f.Momentum < 1):
		return nil, fmt.Errorf("path: %d steps with momentum %g; there must be one at least, and momentum be in [0, 1)", f.Steps, f.Momentum)
	}
	if err := nets.CheckRates(f.LR, f.Steps); err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	w := s.Run.Params
	return &Way{
		To: f.Steps, Momentum: f.Momentum, Rate: func(t int) float64 { return f.LR.Rate(t, f.Steps) }, Time: nets.LearningTime(f.LR, 0, f.Steps) / (1 - f.Momentum), End: w,
		Points: func(yield func(Point, error) bool) {
			for t := range f.Steps {
				pt := s.WholePoint(t, f.LR.Rate(t, f.Steps))
				pt.W, pt.WNext = w, w
				if !yield(pt, nil) {
					return
				}
			}
		},
	}, nil
}
