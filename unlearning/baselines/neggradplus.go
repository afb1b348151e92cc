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

// NegGradPlus descends the loss of retained examples and climbs that of U, in one
// step, from w_T (NegGrad+: Kurmanji, Triantafillou, Hayes and Triantafillou, Towards
// Unbounded Machine Unlearning, NeurIPS 2023, section 4):
//
//	α·mean over a batch of R of ℓ_i − (1−α)·mean over a batch of U of ℓ_i.
//
// U is gone through again and again. With α = 1 it is fine-tuning on R, and computes
// nothing of U. It needs no record; a step costs both batches.
type NegGradPlus struct {
	Steps
	// Alpha is α in (0, 1]; 0 means 0.95, the default of the authors' code. Where U is
	// as a whole not to be unlearned to the last, as for random sets, others use 0.97
	// to 0.99 (Zhao et al., NeurIPS 2024).
	Alpha float64
}

// Hyperparameters as published: the rate is 0.01 of training's 0.1 in the code of
// Zhao et al.
const (
	negGradPlusAlpha = 0.95
	negGradPlusRate  = 0.1
)

// Name implements unlearning.Method.
func (NegGradPlus) Name() string { return "neggradplus" }

// History implements unlearning.Method: no record is needed.
func (NegGradPlus) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (n NegGradPlus) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, n, p)
}

func (n NegGradPlus) steps() Steps { return n.Steps }

func (n NegGradPlus) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	alpha := cmp.Or(n.Alpha, negGradPlusAlpha)
	if !(alpha > 0 && alpha <= 1) {
		return nil, fmt.Errorf("alpha %g is outside (0, 1]", alpha)
	}
	b := t.batch(n.Steps, len(t.Retain))
	retain, climb := t.batches(t.Retain, b, t.seed), t.batches(t.examples, b, purpose.Seed(t.seed, purpose.ForgetBatches, 0))
	steps, err := t.stepsWithin(func(k int) float64 {
		cost := retain.size(k)
		if alpha < 1 {
			cost += climb.size(k)
		}
		return float64(cost)
	})
	if err != nil {
		return nil, err
	}
	w, err := t.walk(n.Steps, negGradPlusRate, t.from, steps, b)
	if err != nil {
		return nil, err
	}
	for range steps {
		ids, view := retain.next()
		weights := slices.Repeat([]float64{alpha / float64(len(ids))}, len(ids))
		if alpha < 1 {
			forgotten, _ := climb.next()
			ids = append(ids, forgotten...)
			weights = append(weights, slices.Repeat([]float64{-(1 - alpha) / float64(len(forgotten))}, len(forgotten))...)
		}
		if err := w.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view, Weights: weights}); err != nil {
			return nil, err
		}
	}
	return w.W, nil
}
