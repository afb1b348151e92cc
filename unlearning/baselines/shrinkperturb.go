package baselines

import (
	"context"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// ShrinkPerturb shrinks w_T to half, adds a tenth of fresh initial parameters,
// and trains on the retained examples (Ash and Adams, NeurIPS 2020).
type ShrinkPerturb struct {
	unlearning.Short
}

func (s ShrinkPerturb) run() unlearning.ShortRun {
	return unlearning.ShortRun{Title: "shrink-perturb", Short: s.Short, Start: 1, Shrink: 0.5, Noise: 0.1}
}

// Name implements unlearning.Method.
func (s ShrinkPerturb) Name() string { return s.run().Name() }

// History implements unlearning.Method: no record is needed.
func (s ShrinkPerturb) History(p unlearning.Plan) history.Policy { return s.run().History(p) }

// Unlearn implements unlearning.Method.
func (s ShrinkPerturb) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return s.run().Unlearn(ctx, p)
}
