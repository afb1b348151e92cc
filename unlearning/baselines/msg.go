package baselines

import (
	"cmp"
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// MSG begins anew the weights of which a difference of losses depends least, and trains
// on on the retained examples (masked small gradients: the second of the NeurIPS 2023
// unlearning competition, as described by Cadet et al., Deep Unlearn, 2024). In every
// convolution the share of weights with the smallest
//
//	|mean over a sample of R of ∂ℓ_i/∂w_j − mean over U of ∂ℓ_i/∂w_j|,
//
// at w_T, with as many examples of R as U has, get fresh initial values; of the other
// weights there the gradient is multiplied by Slow while the network trains on. In a
// network without convolutions the weights of all dense layers but the last take
// their place, which is not in the original. It needs no record; it costs a gradient for
// each example of U and of the sample, fewer of both where these would take more than
// half of the budget, and a step its batch.
type MSG struct {
	Steps
	Share float64 // of the weights that begin anew, in (0, 1]; 0 means 0.3, as published
	Slow  float64 // in (0, 1]; 0 means 0.1, as published
}

// Hyperparameters as published; the rate is CT's.
const (
	msgShare = 0.3
	msgSlow  = 0.1
)

// Name implements unlearning.Method.
func (MSG) Name() string { return "msg" }

// History implements unlearning.Method: no record is needed.
func (MSG) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (m MSG) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, m, p)
}

func (m MSG) steps() Steps { return m.Steps }

func (m MSG) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	share, slow := cmp.Or(m.Share, msgShare), cmp.Or(m.Slow, msgSlow)
	if !(share > 0 && share <= 1 && slow > 0 && slow <= 1) {
		return nil, fmt.Errorf("share %g and slow %g must be in (0, 1]", share, slow)
	}
	layers, err := t.hidden()
	if err != nil {
		return nil, err
	}
	forgotten, like, err := t.contrast()
	if err != nil {
		return nil, err
	}
	diff, g := t.Model.NewVector(), t.Model.NewVector()
	if _, err := t.Model.Gradient(t.from, t.Run.Data, like, diff); err != nil {
		return nil, err
	}
	if _, err := t.Model.Gradient(t.from, t.Run.Data, forgotten, g); err != nil {
		return nil, err
	}
	vector.AddScaled(diff, -1, g)
	w, fresh := t.from.Clone(), t.fresh()
	var slowed []int
	for _, p := range layers {
		anew := make([]bool, p.Len())
		for _, i := range smallest(diff.Slice(p.Off, p.Off+p.Len()), int(share*float64(p.Len()))) {
			anew[i] = true
			w.Set(p.Off+i, fresh.At(p.Off+i))
		}
		for i, is := range anew {
			if !is {
				slowed = append(slowed, p.Off+i)
			}
		}
	}
	return t.train(ctx, m.Steps, competitionRate, w, func(path *walk) {
		path.adjust = func(_, g *graph.Tensor) {
			for _, i := range slowed {
				g.Set(i, slow*g.At(i))
			}
		}
	})
}

// hidden returns the kernels of all convolutions, or where there are none the matrices
// of all dense layers but the last.
func (t *task) hidden() (kernels []nets.Param, err error) {
	var dense []nets.Param
	for _, p := range t.Model.Params() {
		switch len(p.Shape) {
		case 4:
			kernels = append(kernels, p)
		case 2:
			dense = append(dense, p)
		}
	}
	if len(kernels) > 0 {
		return kernels, nil
	}
	if len(dense) < 2 {
		return nil, fmt.Errorf("%s has neither convolutions nor hidden layers", t.Model.Arch().Name)
	}
	return dense[:len(dense)-1], nil
}
