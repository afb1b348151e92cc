package unlearning

import (
	"cmp"
	"context"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Recursion follows the difference between the retrained and the original run
// along the recorded trajectory: the contraction of package contraction on its
// Recorded path, u_T = w_T + d.
//
// Without sampling it is exact up to O(‖d‖²) for curvature by Hessian-vector
// products, and exactly replayed retraining, up to rounding, for Exact
// curvature, which is a difference of gradients.
//
// It also learns examples that a problem adds: the same, with the sign of their
// disturbances turned round. That needs every gradient, and PerStep.
//
// Of a record with gaps (history.EveryEpochs) the recorded epochs are the ones
// to choose knots from. In the gaps the parameters move on a straight line,
// disturbances are interpolated, and those of the smaller last batches, if asked
// for, are computed from their smaller side alone.
type Recursion struct {
	Window      contraction.Window
	Disturbance contraction.Disturbance // nil means contraction.PerStep
	Curvature   contraction.Curvature   // nil means contraction.Exact
	// Title names the method in results; "" means "recursion".
	Title string
}

// Name implements Method.
func (r Recursion) Name() string { return cmp.Or(r.Title, "recursion") }

// Learns implements Learner.
func (Recursion) Learns() {}

// History implements Method: every gradient. A record of some epochs
// (history.EveryEpochs) will do too.
func (Recursion) History(Plan) history.Policy { return history.All() }

// Unlearn implements Method.
func (r Recursion) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	return r.solve(ctx, req)
}

func (r Recursion) solve(ctx context.Context, req *Request) (*Result, error) {
	u, err := r.find(ctx, req)
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}

// find returns the parameters that the recursion ends with.
func (r Recursion) find(ctx context.Context, req *Request) (*graph.Tensor, error) {
	c := contraction.Contraction{Path: contraction.Recorded{Window: r.Window}, Disturbance: r.Disturbance, Curvature: r.Curvature}
	return c.Solve(ctx, req.System)
}
