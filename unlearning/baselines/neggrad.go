package baselines

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// NegGrad climbs the loss of U from w_T, and looks at nothing else: gradient ascent
// (Golatkar, Achille and Soatto, CVPR 2020; Thudi et al., EuroS&P 2022),
//
//	u ← u + η·mean over a batch of U of ∇ℓ_i(u),
//
// with the weight decay of the run. It needs no record; a step costs its batch.
type NegGrad struct {
	// Steps has the learning rate and the budget, of which no more is spent than Epochs
	// take. Batch counts examples of U.
	Steps
	Epochs int // over U at most; 0 means 5
}

// Hyperparameters as in the code of Jia et al. (NeurIPS 2023) and Fan et al. (ICLR
// 2024): five epochs at 0.0001, where training has 0.1.
const (
	negGradRate   = 0.001
	negGradEpochs = 5
)

// Name implements unlearning.Method.
func (NegGrad) Name() string { return "neggrad" }

// History implements unlearning.Method: no record is needed.
func (NegGrad) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (n NegGrad) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, n, p)
}

func (n NegGrad) steps() Steps { return n.Steps }

func (n NegGrad) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	if n.Epochs < 0 {
		return nil, fmt.Errorf("epochs %d must be positive", n.Epochs)
	}
	b := t.batch(n.Steps, len(t.examples))
	climb := t.batches(t.examples, b, purpose.Seed(t.seed, purpose.ForgetBatches, 0))
	steps, err := t.stepsWithin(func(k int) float64 { return float64(climb.size(k)) })
	if err != nil {
		return nil, err
	}
	steps = min(steps, cmp.Or(n.Epochs, negGradEpochs)*climb.order.StepsPerEpoch())
	w, err := t.walk(n.Steps, negGradRate, t.from, steps, b)
	if err != nil {
		return nil, err
	}
	for range steps {
		ids, view := climb.next()
		up := slices.Repeat([]float64{-1 / float64(len(ids))}, len(ids))
		if err := w.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view, Weights: up}); err != nil {
			return nil, err
		}
	}
	return w.W, nil
}
