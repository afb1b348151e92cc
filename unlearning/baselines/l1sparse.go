package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// L1Sparse trains on from w_T on the retained examples with a penalty that makes
// parameters small (ℓ1-sparse: Jia et al., Model Sparsity Can Simplify Machine
// Unlearning, NeurIPS 2023, equation 3):
//
//	mean over a batch of R of ℓ_i(u) + α_t ‖u‖₁,   α_t falls linearly from Alpha to 0.
//
// It needs no record, and does not look at U; a step costs its batch.
type L1Sparse struct {
	Steps
	// Alpha is that of the first step; 0 means 0.0005.
	Alpha float64
}

// Hyperparameters as published: the rate is 0.01 of training's 0.1.
const (
	l1Alpha = 5e-4
	l1Rate  = 0.1
)

// Name implements unlearning.Method.
func (L1Sparse) Name() string { return "l1-sparse" }

// History implements unlearning.Method: no record is needed.
func (L1Sparse) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (l L1Sparse) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, l, p)
}

func (l L1Sparse) steps() Steps { return l.Steps }

func (l L1Sparse) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	alpha := cmp.Or(l.Alpha, l1Alpha)
	if !(alpha >= 0) || math.IsInf(alpha, 0) {
		return nil, fmt.Errorf("alpha %g must be positive and finite", alpha)
	}
	return t.train(ctx, l.Steps, l1Rate, t.from, func(w *walk) {
		w.adjust = func(at, g *graph.Tensor) {
			now := alpha * (1 - float64(w.t)/float64(w.n))
			addSigns(g.Float32s(), at.Float32s(), float32(now))
			addSigns(g.Float64s(), at.Float64s(), now)
		}
	})
}

// addSigns adds c times the sign of w to g.
func addSigns[T graph.Float](g, w []T, c T) {
	for i, v := range w {
		switch {
		case v > 0:
			g[i] += c
		case v < 0:
			g[i] -= c
		}
	}
}

// train trains from w on the retained examples, as FineTune does, with what prepare
// makes of the steps.
func (t *task) train(ctx context.Context, s Steps, rate float64, w *graph.Tensor, prepare func(*walk)) (*graph.Tensor, error) {
	b := t.batch(s, len(t.Retain))
	retain := t.batches(t.Retain, b, t.seed)
	steps, err := t.stepsWithin(func(k int) float64 { return float64(retain.size(k)) })
	if err != nil {
		return nil, err
	}
	path, err := t.walk(s, rate, w, steps, b)
	if err != nil {
		return nil, err
	}
	prepare(path)
	for range steps {
		ids, view := retain.next()
		if err := path.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view}); err != nil {
			return nil, err
		}
	}
	return path.W, nil
}
