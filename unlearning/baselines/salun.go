package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// SalUn is RandomLabels that moves the salient parameters alone, those of which the
// loss of U depends most (Fan et al., SalUn, ICLR 2024, equations 3 to 5):
//
//	m_j = 1 for the share of parameters with the largest |Σ_U ∂ℓ_i/∂w_j(w_T)|,
//	u = m ⊙ (what relabelling makes of w_T) + (1 − m) ⊙ w_T.
//
// Others do not move at all, by weight decay neither, which in the authors' code
// moves them. It needs no record; the mask costs a gradient for each example of U, and
// a step its batch.
type SalUn struct {
	Steps
	// Share of the parameters that move, in (0, 1]; 0 means a half, as published. A
	// share that makes less than one parameter moves none.
	Share float64
}

// salunShare is the threshold of the paper.
const salunShare = 0.5

// Name implements unlearning.Method.
func (SalUn) Name() string { return "salun" }

// History implements unlearning.Method: no record is needed.
func (SalUn) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (s SalUn) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, s, p)
}

func (s SalUn) steps() Steps { return s.Steps }

func (s SalUn) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	share := cmp.Or(s.Share, salunShare)
	if !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("share %g of the parameters is outside (0, 1]", share)
	}
	g := t.Model.NewVector()
	if _, err := t.Model.Gradient(t.from, t.Run.Data, t.examples, g); err != nil {
		return nil, err
	}
	return relabel(ctx, t, s.Steps, smallest(g, g.Len()-int(share*float64(g.Len()))))
}

// smallest returns, in ascending order, the positions of the k numbers of v that are
// smallest in size; of equal ones the last.
func smallest(v *graph.Tensor, k int) []int {
	at, sizes := make([]int, v.Len()), make([]float64, v.Len())
	for i := range at {
		at[i], sizes[i] = i, math.Abs(v.At(i))
	}
	slices.SortFunc(at, func(a, b int) int { return cmp.Or(cmp.Compare(sizes[a], sizes[b]), b-a) })
	slices.Sort(at[:k])
	return at[:k]
}
