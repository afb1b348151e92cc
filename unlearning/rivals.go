package unlearning

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// FineTune trains on from w_T, on the retained examples.
func FineTune(cost float64) Accelerate {
	return Accelerate{Title: "finetune", Short: Short{Cost: cost}, Start: 1}
}

// ShrinkPerturb shrinks w_T to half, adds a tenth of fresh initial parameters,
// and trains on the retained examples (Ash and Adams, NeurIPS 2020).
func ShrinkPerturb(cost float64) Accelerate {
	return Accelerate{Title: "shrink-perturb", Short: Short{Cost: cost}, Start: 1, Shrink: 0.5, Noise: 0.1}
}

// Amnesiac takes back, from w_T, the whole update of every recorded step whose
// batch held forgotten examples (Graves, Nagisetty and Ganesh, AAAI 2021):
//
//	u = w_T − Σ_{t: B_t∩U≠∅} (w_{t+1} − w_t).
//
// It computes nothing. Each of those updates has to be recorded.
type Amnesiac struct{}

// Name implements Method.
func (Amnesiac) Name() string { return "amnesiac" }

// Needs implements Method.
func (Amnesiac) Needs() Needs { return NeedsGradients }

// Unlearn implements Method.
func (a Amnesiac) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(a, p)
	if err != nil || done != nil {
		return done, err
	}
	u := q.Run.Params.Clone()
	for pt, err := range q.trajectory(0) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("unlearning: amnesiac: %w", err)
		}
		if len(pt.gone) > 0 {
			if pt.g == nil { // a gap of the record, whose updates would be guesses
				return nil, fmt.Errorf("unlearning: amnesiac: %w", &history.GapError{From: pt.t, To: pt.t + 1, Policy: q.History.Policy()})
			}
			addScaled(u, 1, pt.w)
			addScaled(u, -1, pt.wNext)
		}
	}
	return q.end(u)
}

// Rewind goes back to a recorded state before the end and replays the steps
// from there without U (Rewind-to-Delete: Mu and Klabjan, NeurIPS 2025, there
// with noise and full batches).
type Rewind struct {
	// Cost is the share of the steps to replay; 0 means 0.2. The replay starts
	// at the nearest state that the record holds or can replay.
	Cost float64
}

// Name implements Method.
func (Rewind) Name() string { return "rewind" }

// Needs implements Method.
func (Rewind) Needs() Needs { return NeedsCheckpoints }

// Unlearn implements Method.
func (r Rewind) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	fail := func(err error) (*Result, error) { return nil, fmt.Errorf("unlearning: rewind: %w", err) }
	if r.Cost == 0 {
		r.Cost = 0.2
	}
	if !(r.Cost > 0 && r.Cost <= 1) {
		return fail(fmt.Errorf("cost %g is outside (0, 1]", r.Cost))
	}
	steps := int(math.Round(r.Cost * float64(q.Run.Steps)))
	if steps < 1 {
		return fail(fmt.Errorf("%w: a share of %g of %d steps", ErrBudget, r.Cost, q.Run.Steps))
	}
	from, w, mom, err := q.state(q.Run.Steps - steps)
	if err != nil {
		return fail(err)
	}
	s, err := q.model.NewStepper(q.Run.Config.Momentum, q.Run.Config.WeightDecay, w, mom)
	if err != nil {
		return fail(err)
	}
	g := q.model.NewVector()
	var kept, gone []int
	for t, batch := range q.Run.Order.Steps(from, q.Run.Steps) {
		if err := ctx.Err(); err != nil {
			return fail(fmt.Errorf("step %d: %w", t, err))
		}
		if kept, gone = p.Forget.Split(batch, kept[:0], gone[:0]); len(kept) == 0 {
			continue
		}
		if _, err = q.model.GradientAs(q.Run.View(t), s.W, q.Run.Data, kept, g); err == nil {
			err = s.Step(g, q.rate(t))
		}
		if err != nil {
			return fail(err)
		}
		if !s.W.Finite() {
			return nil, &DivergedError{r.Name(), t}
		}
	}
	return q.end(s.W)
}

// state returns parameters and momentum before the step nearest to t that the
// record gives: t itself if its gradient is recorded, else a checkpoint.
func (q *request) state(t int) (at int, w, mom *graph.Tensor, err error) {
	for _, c := range q.History.Covered() {
		if c[0] <= t && t < c[1] {
			for s, err := range q.History.Steps(q.model, q.rate, t, t+1) {
				if err != nil {
					return 0, nil, nil, err
				}
				q.read += s.BytesRead
				return t, s.W.Clone(), s.P.Clone(), nil
			}
		}
	}
	points := q.History.Checkpoints()
	if len(points) == 0 {
		return 0, nil, nil, fmt.Errorf("%w: the record (%s) holds no checkpoint", ErrNoHistory, q.History.Policy())
	}
	at = points[0]
	for _, c := range points {
		if math.Abs(float64(c-t)) < math.Abs(float64(at-t)) {
			at = c
		}
	}
	w, mom, read, err := q.History.Checkpoint(at)
	q.read += read
	return at, w, mom, err
}

// Descent takes steps of gradient descent on the retained objective from w_T,
//
//	u ← u − η (∇L_R(u) + λ u)
//
// (Descent-to-Delete: Neel, Roth and Sharifi-Malvajerdi, ALT 2021, without the
// noise).
type Descent struct {
	Cost float64 // share of retraining's gradient evaluations; 0 means 0.2
	// LR is η. 0 means, for full batches, the largest rate of the run; for
	// smaller ones, which do not average their noise away, the mean rate of
	// the run's last tenth; either divided by 1 − β.
	LR float64
	// Smooth, if positive and LR is 0, is the largest curvature L of a convex
	// mean loss without weight decay: η is then 2/(L + 2λ), the optimal rate
	// 2/(M+m) of the paper for curvatures between m = λ and M = L + λ.
	Smooth float64
	// Batch is the number of retained examples a step, in an order of its own;
	// 0 means all. Where Cost does not pay for one pass, only this works.
	Batch int
}

// Name implements Method.
func (Descent) Name() string { return "descent" }

// Needs implements Method.
func (Descent) Needs() Needs { return NeedsNothing }

// Unlearn implements Method.
func (d Descent) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	fail := func(err error) (*Result, error) { return nil, fmt.Errorf("unlearning: descent: %w", err) }
	batches, err := d.plan(q)
	if err != nil {
		return fail(err)
	}
	d.LR = d.rate(q)
	s, err := q.model.NewStepper(0, q.Run.Config.WeightDecay, q.Run.Params, nil)
	if err != nil {
		return fail(err)
	}
	g := q.model.NewVector()
	for t, ids := range batches {
		if err = ctx.Err(); err == nil {
			_, err = q.model.Gradient(s.W, q.Run.Data, ids, g)
		}
		if err == nil {
			err = s.Step(g, d.LR)
		}
		if err != nil {
			return fail(fmt.Errorf("step %d: %w", t, err))
		}
		if !s.W.Finite() {
			return nil, &DivergedError{d.Name(), t}
		}
	}
	return q.end(s.W)
}

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

// Name implements Method.
func (Newton) Name() string { return "newton" }

// Needs implements Method.
func (Newton) Needs() Needs { return NeedsNothing }

// Unlearn implements Method. Directions of negative curvature end the
// iteration and are counted among the guards.
func (n Newton) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(n, p)
	if err != nil || done != nil {
		return done, err
	}
	fail := func(err error) (*Result, error) { return nil, fmt.Errorf("unlearning: newton: %w", err) }
	if n.Iterations == 0 {
		n.Iterations = 20
	}
	if n.Tolerance == 0 {
		n.Tolerance = 1e-3
	}
	if n.Damping == 0 && !q.model.Arch().Convex {
		n.Damping = 1
	}
	if n.Iterations < 0 || !(n.Tolerance >= 0) || !(n.Damping >= 0) { // NaN too
		return fail(errors.New("iterations, tolerance and damping must not be negative"))
	}
	w, lambda := q.Run.Params, q.Run.Config.WeightDecay
	r := q.model.NewVector()
	if _, err := q.model.Gradient(w, q.Run.Data, q.retained, r); err != nil {
		return fail(err)
	}
	addScaled(r, lambda, w)
	x, dir, h := q.model.NewVector(), r.Clone(), q.model.NewVector()
	rr := dot(r, r)
	stop := n.Tolerance * n.Tolerance * rr
	for i := 0; i < n.Iterations && rr > stop; i++ {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		if err := q.model.HVP(w, dir, q.Run.Data, q.retained, h); err != nil {
			return fail(err)
		}
		addScaled(h, lambda+n.Damping, dir)
		curvature := dot(dir, h)
		if curvature <= 0 {
			q.guards["negative curvature"]++
			break
		}
		a := rr / curvature
		addScaled(x, a, dir)
		addScaled(r, -a, h)
		next := dot(r, r)
		combine(dir, next/rr, dir, 1, r)
		rr = next
	}
	u := w.Clone()
	addScaled(u, -1, x)
	return q.end(u)
}
