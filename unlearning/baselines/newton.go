package baselines

import (
	"context"
	"errors"

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
	if n.Iterations == 0 {
		n.Iterations = 20
	}
	if n.Tolerance == 0 {
		n.Tolerance = 1e-3
	}
	if n.Damping == 0 && !req.Model.Arch().Convex {
		n.Damping = 1
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
	x, dir, h := req.Model.NewVector(), r.Clone(), req.Model.NewVector()
	rr := vector.Dot(r, r)
	stop := n.Tolerance * n.Tolerance * rr
	for i := 0; i < n.Iterations && rr > stop; i++ {
		if err := ctx.Err(); err != nil {
			return req.Fail(err)
		}
		if err := req.Model.HVP(w, dir, req.Run.Data, req.Retain, h); err != nil {
			return req.Fail(err)
		}
		vector.AddScaled(h, lambda+n.Damping, dir)
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
	u := w.Clone()
	vector.AddScaled(u, -1, x)
	return req.Finish(u)
}
