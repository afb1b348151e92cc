package baselines

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Influence takes U out of the minimum that w_T is taken for, to first order (influence
// functions: Koh and Liang, ICML 2017; Izzo et al., AISTATS 2021):
//
//	u = w_T + (H_R + λ + Damping)⁻¹ Σ_{i∈U} (∇ℓ_i(w_T) + λ w_T)/(n − |U|),
//
// solved by conjugate gradients with exact Hessian-vector products over retained
// examples. Where the gradient at w_T is zero it is Newton; elsewhere Newton goes on
// training, and Influence does not. It needs no record; it costs a gradient for each
// example of U, and 8/3 for each retained one that an iteration looks at.
type Influence struct {
	// Cost is a share of replayed retraining's gradient evaluations, which limits the
	// retained examples of H: as many, drawn by Seed, as it pays for in all iterations. 0
	// means all of them, whatever that costs.
	Cost       float64
	Iterations int     // of conjugate gradients at most; 0 means 20
	Tolerance  float64 // on the relative residual; 0 means that of Newton
	// Damping is added to λ; 0 means that of Newton: none where the model is convex, else 1.
	Damping float64
	Seed    uint64 // 0 means the run's
}

// Name implements unlearning.Method.
func (Influence) Name() string { return "influence" }

// History implements unlearning.Method: no record is needed.
func (Influence) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method. Directions of negative curvature end the
// iteration and are counted among the guards.
func (f Influence) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, f, p)
}

func (f Influence) steps() Steps {
	return Steps{Cost: cmp.Or(f.Cost, unlearning.MaxCost), Seed: f.Seed}
}

func (f Influence) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	f.Iterations, f.Tolerance = cmp.Or(f.Iterations, newtonIterations), cmp.Or(f.Tolerance, newtonTolerance)
	if f.Damping == 0 && !t.Model.Arch().Convex {
		f.Damping = newtonDamping
	}
	if f.Iterations < 0 || !(f.Tolerance >= 0) || !(f.Damping >= 0) { // NaN too
		return nil, errors.New("iterations, tolerance and damping must not be negative")
	}
	each := float64(f.Iterations) * 8 / 3 // of an example
	n := (t.left() - float64(len(t.examples))) / each
	if n < 1 {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, where %d iterations over one example and the gradient of U take %.0f", unlearning.ErrBudget, t.evals, f.Iterations, each+float64(len(t.examples)))
	}
	ids, err := t.sample(int(min(n, float64(len(t.Retain)))))
	if err != nil {
		return nil, err
	}
	lambda, share := t.Run.Config.WeightDecay, float64(len(t.examples))/float64(len(t.Retain))
	b := t.Model.NewVector()
	if _, err := t.Model.Gradient(t.from, t.Run.Data, t.examples, b); err != nil {
		return nil, err
	}
	vector.Combine(b, share, b, share*lambda, t.from)
	x, err := conjugateGradients(ctx, t.Request, ids, b, lambda+f.Damping, f.Iterations, f.Tolerance)
	if err != nil {
		return nil, err
	}
	u := t.from.Clone()
	vector.AddScaled(u, 1, x)
	return u, nil
}
