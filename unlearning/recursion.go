package unlearning

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Recursion follows the difference between the retrained and the original run
// along the recorded trajectory:
//
//	q ← β q + H_t d + λ d − δ_t,   d ← d − η_t q,   u_T = w_T + d.
//
// Without sampling it is exact up to O(‖d‖²) for curvature by Hessian-vector
// products, and exactly replayed retraining, up to rounding, for Exact
// curvature, which is a difference of gradients. A batch that is wholly
// forgotten moves neither retrained parameters nor momentum, so there d takes
// back what the step did.
//
// Of a record with gaps (history.EveryEpochs) the recorded epochs are the ones
// to choose knots from. In the gaps the parameters move on a straight line,
// disturbances are interpolated, and those of the smaller last batches, if asked
// for, are computed from their smaller side alone.
type Recursion struct {
	Window      Window
	Disturbance Disturbance
	Curvature   Curvature // nil means Exact
	// Title names the method in results; "" means "recursion".
	Title string
}

// Name implements Method.
func (r Recursion) Name() string {
	if r.Title != "" {
		return r.Title
	}
	return "recursion"
}

// History implements Method: every gradient. A record of some epochs
// (history.EveryEpochs) will do too.
func (Recursion) History(Plan) history.Policy { return history.All() }

// Unlearn implements Method.
func (r Recursion) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	return r.solve(ctx, q)
}

func (r Recursion) solve(ctx context.Context, q *request) (*Result, error) {
	if r.Curvature == nil {
		r.Curvature = Exact{}
	}
	first, err := r.Window.first(q.Run)
	if err != nil {
		return q.fail(err)
	}
	dist, err := newDisturbances(ctx, q, first, r.Disturbance)
	if err != nil {
		return q.fail(err)
	}
	defer dist.close()
	curve, err := r.Curvature.start(q)
	if err != nil {
		return q.fail(err)
	}
	k, err := newContraction(q)
	if err != nil {
		return q.fail(err)
	}
	for pt, err := range q.trajectory(first) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return q.fail(fmt.Errorf("step %d: %w", pt.t, err))
		}
		if err := dist.reach(pt.t); err != nil {
			return q.fail(fmt.Errorf("step %d: %w", pt.t, err))
		}
		switch kept, gone := pt.sizes(); {
		case kept == 0:
			k.undo(pt)
			continue
		case gone == 0 && !k.moved: // the runs are one until U is met
			continue
		}
		if err := dist.at(pt, k.delta); err != nil {
			return q.fail(err)
		}
		if k.moved {
			err = curve.product(pt, k.d, dist.keptGradient(pt, k.delta), k.h)
		}
		if err == nil {
			err = k.step(q.rate(pt.t))
		}
		if err != nil {
			return q.fail(fmt.Errorf("step %d: %w", pt.t, err))
		}
		if !k.d.Finite() {
			return nil, &DivergedError{q.method, pt.t}
		}
	}
	q.route = RouteRecursion
	u := q.Run.Params.Clone()
	for i := range u.Len() {
		u.Set(i, u.At(i)+k.d.At(i))
	}
	return q.end(u)
}

// contraction is one step of the recursion as a graph, run by the model's engine.
type contraction struct {
	d, q, h, delta *graph.Tensor
	d2, q2, eta    *graph.Tensor
	moved          bool // d ≠ 0
	program        graph.Program
}

func newContraction(q *request) (*contraction, error) {
	v := q.model.NewVector
	k := &contraction{d: v(), q: v(), h: v(), delta: v(), d2: v(), q2: v(), eta: graph.NewTensor(q.model.DType())}
	cfg := q.Run.Config
	err := graph.Build(func() {
		n := q.model.Size()
		g := graph.New(q.model.DType())
		d, mom, h, delta, eta := g.Input("d", n), g.Input("q", n), g.Input("Hd", n), g.Input("delta", n), g.Input("-eta")
		q2 := graph.Lin([]float64{cfg.Momentum, 1, cfg.WeightDecay, -1}, mom, h, d, delta)
		d2 := graph.AddScaled(d, eta, q2)
		var err error
		if k.program, err = q.model.Engine().Compile([]*graph.Node{d, mom, h, delta, eta}, []*graph.Node{d2, q2}); err != nil {
			panic(&graph.OpError{Op: "contraction step", Reason: err.Error()})
		}
	})
	return k, err
}

// step applies the recursion to h = H_t d and delta = δ_t.
func (k *contraction) step(eta float64) error {
	k.eta.Set(0, -eta)
	err := k.program.Run([]*graph.Tensor{k.d2, k.q2}, []*graph.Tensor{k.d, k.q, k.h, k.delta, k.eta})
	k.d, k.d2, k.q, k.q2 = k.d2, k.d, k.q2, k.q
	k.moved = true
	return err
}

// undo is the step of a batch that is wholly forgotten: d takes back what the
// original run did. Where the momentum of the original run is not recorded,
// the difference of momenta keeps its value.
func (k *contraction) undo(pt point) {
	for i := range k.d.Len() {
		k.d.Set(i, k.d.At(i)+pt.w.At(i)-pt.wNext.At(i))
	}
	if pt.p != nil {
		for i := range k.q.Len() {
			k.q.Set(i, k.q.At(i)+pt.p.At(i)-pt.pNext.At(i))
		}
	}
	k.moved = true
}
