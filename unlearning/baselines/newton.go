package baselines

import (
	"cmp"
	"context"
	"errors"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Newton takes one Newton step on the retained objective from w_T,
//
//	u = w_T − (H_R + λ + Damping)⁻¹ (∇L_R(w_T) + λ w_T),
//
// solved by conjugate gradients with exact Hessian-vector products: the
// influence-function update (Koh and Liang, 2017; Guo et al., 2020).
type Newton struct {
	Iterations int     // of conjugate gradients at most; 0 means 20
	Tolerance  float64 // on the relative residual; 0 means 1e-3
	// Damping is added to λ; 0 means none where the model is convex, else 1,
	// since without it the step leaves along directions of little or negative
	// curvature.
	Damping float64
}

const (
	newtonIterations = 20
	newtonTolerance  = 1e-3
	newtonDamping    = 1
)

// Name implements unlearning.Method.
func (Newton) Name() string { return "newton" }

// History implements unlearning.Method: no record is needed.
func (Newton) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method. Directions of negative curvature end the
// iteration and are counted among the guards.
func (n Newton) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(n, p)
	if err != nil || done != nil {
		return done, err
	}
	n.Iterations, n.Tolerance = cmp.Or(n.Iterations, newtonIterations), cmp.Or(n.Tolerance, newtonTolerance)
	if n.Damping == 0 && !req.Model.Arch().Convex {
		n.Damping = newtonDamping
	}
	if n.Iterations < 0 || !(n.Tolerance >= 0) || !(n.Damping >= 0) { // NaN too
		return req.Fail(errors.New("iterations, tolerance and damping must not be negative"))
	}
	w, lambda := req.Run.Params, req.Run.Config.WeightDecay
	r := req.Model.NewVector()
	if _, err := req.Model.Gradient(w, req.Run.Data, req.Retain, r); err != nil {
		return req.Fail(err)
	}
	vector.AddScaled(r, lambda, w)
	x, err := conjugateGradients(ctx, req, req.Retain, r, lambda+n.Damping, n.Iterations, n.Tolerance)
	if err != nil {
		return req.Fail(err)
	}
	u := w.Clone()
	vector.AddScaled(u, -1, x)
	return req.Finish(u)
}

// conjugateGradients solves (H + damping) x = b, with the Hessian H at w_T of the mean
// loss of some examples, by exact Hessian-vector products. It changes b. Directions of
// negative curvature end the iteration and are counted among the guards.
func conjugateGradients(ctx context.Context, req *unlearning.Request, ids []int, b *graph.Tensor, damping float64, iterations int, tolerance float64) (*graph.Tensor, error) {
	r, x, dir, h := b, req.Model.NewVector(), b.Clone(), req.Model.NewVector()
	rr := vector.Dot(r, r)
	stop := tolerance * tolerance * rr
	for i := 0; i < iterations && rr > stop; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := req.Model.HVP(req.Run.Params, dir, req.Run.Data, ids, h); err != nil {
			return nil, err
		}
		vector.AddScaled(h, damping, dir)
		curvature := vector.Dot(dir, h)
		if curvature <= 0 {
			req.Guards[GuardNegativeCurvature]++
			break
		}
		a := rr / curvature
		vector.AddScaled(x, a, dir)
		vector.AddScaled(r, -a, h)
		next := vector.Dot(r, r)
		vector.Combine(dir, next/rr, dir, 1, r)
		rr = next
	}
	return x, nil
}
