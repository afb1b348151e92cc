package baselines

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// CT transposes every convolution kernel of w_T, height against width, and trains on on
// the retained examples (convolution transpose: the fifth of the NeurIPS 2023 unlearning
// competition, as described by Cadet et al., Deep Unlearn, 2024, where it was among the
// best of eighteen methods). It needs a network with convolutions, no record, and does
// not look at U; a step costs its batch.
type CT struct{ Steps }

// competitionRate is 0.001, as published for CT and MSG, of the 0.1 that Cadet et al.
// train with.
const competitionRate = 0.01

// Name implements unlearning.Method.
func (CT) Name() string { return "ct" }

// History implements unlearning.Method: no record is needed.
func (CT) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (c CT) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, c, p)
}

func (c CT) steps() Steps { return c.Steps }

func (c CT) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	w, found := t.from.Clone(), false
	for _, p := range t.Model.Params() {
		if len(p.Shape) != 4 || p.Shape[2] != p.Shape[3] {
			continue
		}
		found = true
		k := p.Shape[2]
		for kernel := p.Off; kernel < p.Off+p.Len(); kernel += k * k {
			for y := range k {
				for x := range k {
					w.Set(kernel+x*k+y, t.from.At(kernel+y*k+x))
				}
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("%s has no convolutions with square kernels to transpose", t.Model.Arch().Name)
	}
	return t.train(ctx, c.Steps, competitionRate, w, func(*walk) {})
}
