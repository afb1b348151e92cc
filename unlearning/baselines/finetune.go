package baselines

import (
	"context"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// FineTune trains on from w_T, on the retained examples, with the steps of
// unlearning.ShortRun.
type FineTune struct {
	unlearning.Short
}

func (f FineTune) run() unlearning.ShortRun {
	return unlearning.ShortRun{Title: "finetune", Short: f.Short, Start: 1}
}

// Name implements unlearning.Method.
func (f FineTune) Name() string { return f.run().Name() }

// History implements unlearning.Method: no record is needed.
func (f FineTune) History(p unlearning.Plan) history.Policy { return f.run().History(p) }

// Unlearn implements unlearning.Method.
func (f FineTune) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return f.run().Unlearn(ctx, p)
}
