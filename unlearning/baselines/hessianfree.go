package baselines

import (
	"context"

	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// HessianFree adds to w_T what every forgotten example is recollected to have taken from
// it (Qiao, Zhang, Tang and Wei, Hessian-Free Online Certified Unlearning, ICLR 2025,
// arXiv 2404.01712, without the noise). The recollection a_j of an example follows the
// recorded run,
//
//	a_j ← (1 − η (H_B + λ)) a_j + [j ∈ B] η/|B| (∇ℓ_j(w_t) + λ w_t),   u = w_T + Σ_{j∈U} a_j,
//
// with the Hessian H_B of the whole batch at w_t, U included, and with the run's
// momentum where it has some, which the paper does not treat. As there, batches do not
// become means over fewer examples, and λ goes with each of them: what it comes close to
// is a run that puts nothing in U's place.
//
// It needs every gradient of the run (history.All). The recollections of a set add up to
// that of the set, so that Σ a_j is computed at the request, for one Hessian-vector
// product a step: 8/3 of the run's cost from U's first step on. The paper computes all
// of them beforehand, n such passes, keeps n vectors of P numbers, and adds at once.
type HessianFree struct{}

// Name implements unlearning.Method.
func (HessianFree) Name() string { return "hessian-free" }

// History implements unlearning.Method: every gradient.
func (HessianFree) History(unlearning.Plan) history.Policy { return history.All() }

// Unlearn implements unlearning.Method.
func (h HessianFree) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(h, p)
	if err != nil || done != nil {
		return done, err
	}
	cfg := req.Run.Config
	a, q, product, g := req.Model.NewVector(), req.Model.NewVector(), req.Model.NewVector(), req.Model.NewVector()
	met := false // an example of U, before which everything is zero
	var batch []int
	for pt, err := range req.Trajectory(0) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && pt.G == nil { // a gap of the record
			err = req.Gap(pt.T, pt.T+1)
		}
		if err != nil {
			return req.Fail(err)
		}
		retain, forget := pt.Split()
		batch = append(append(batch[:0], retain...), forget...)
		if len(forget) == 0 && !met {
			continue
		}
		if vector.Combine(q, cfg.Momentum, q, cfg.WeightDecay, a); met {
			if err := req.Model.HVPAs(pt.View, pt.W, a, req.Run.Data, batch, product); err != nil {
				return req.Fail(err)
			}
			vector.AddScaled(q, 1, product)
		}
		if share := float64(len(forget)) / float64(len(batch)); share > 0 {
			if err := req.Gradient(pt, pt.W, forget, g); err != nil {
				return req.Fail(err)
			}
			vector.AddScaled(q, -share, g)
			vector.AddScaled(q, -share*cfg.WeightDecay, pt.W)
			met = true
		}
		if vector.AddScaled(a, -pt.Rate, q); !a.Finite() {
			return req.Fail(&unlearning.DivergedError{Step: pt.T})
		}
	}
	u := req.Run.Params.Clone()
	vector.AddScaled(u, 1, a)
	return req.Finish(u)
}
