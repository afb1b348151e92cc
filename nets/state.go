package nets

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
)

// State is where a run stands before a step: all that [Config.Resume] needs to go
// on to the same bits.
type State struct {
	Step             int           // steps taken
	Params, Momentum *graph.Tensor // w and p before step Step, [P]
	Tally            Tally
}

// Tally is what a run has counted so far.
type Tally struct {
	Losses    []float64 `json:"losses"`   // of the epochs that are over
	LossSum   float64   `json:"loss_sum"` // over the examples of the present epoch
	Seen      int       `json:"seen"`     // their number
	GradEvals float64   `json:"grad_evals"`
}

func (p Tally) clone() Tally {
	p.Losses = slices.Clone(p.Losses)
	return p
}

// validate compares a state with the run that it is to go on with.
func (s State) validate(r *Run) error {
	if s.Step < 0 || s.Step > r.Steps {
		return fmt.Errorf("step %d is none of the run's, 0 to %d", s.Step, r.Steps)
	}
	if s.Step == 0 {
		return nil
	}
	if err := r.Model.CheckParams(s.Params); err != nil {
		return fmt.Errorf("the parameters: %w", err)
	}
	if err := r.Model.CheckParams(s.Momentum); err != nil {
		return fmt.Errorf("the momentum: %w", err)
	}
	per := r.Order.StepsPerEpoch()
	if want := s.Step / per; len(s.Tally.Losses) != want && s.Step != r.Steps {
		return fmt.Errorf("%d epochs have a loss, where %d are over", len(s.Tally.Losses), want)
	}
	for _, v := range append(slices.Clone(s.Tally.Losses), s.Tally.LossSum, s.Tally.GradEvals) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a loss is not finite")
		}
	}
	return nil
}
