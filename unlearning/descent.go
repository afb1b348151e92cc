package unlearning

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

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

// History implements Method: no record is needed.
func (Descent) History(Plan) history.Policy { return history.Policy{} }

// Unlearn implements Method.
func (d Descent) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	batches, err := d.plan(q)
	if err != nil {
		return q.fail(err)
	}
	d.LR = d.rate(q)
	s, err := q.model.NewStepper(0, q.Run.Config.WeightDecay, q.Run.Params, nil)
	if err != nil {
		return q.fail(err)
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
			return q.fail(fmt.Errorf("step %d: %w", t, err))
		}
		if !s.W.Finite() {
			return nil, &DivergedError{q.method, t}
		}
	}
	return q.end(s.W)
}

// plan checks d and returns the batches that its cost pays for.
func (d Descent) plan(q *request) (iter.Seq2[int, []int], error) {
	if d.Cost == 0 {
		d.Cost = 0.2
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"cost", d.Cost}, {"learning rate", d.LR}, {"smoothness", d.Smooth}, {"batch", float64(d.Batch)}} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			return nil, fmt.Errorf("%s %g must be finite and not negative", f.name, f.value)
		}
	}
	if d.Smooth > 0 && !q.model.Arch().Convex {
		return nil, fmt.Errorf("a smoothness of %g: 2/(L+μ) is a rate for convex models, and %s is none", d.Smooth, q.model.Arch().Name)
	}
	n := len(q.retained)
	size := n
	if d.Batch > 0 {
		size = min(d.Batch, n)
	}
	budget := d.Cost * RetrainCost(q.Problem)
	if budget < float64(size) {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, a step takes %d; set Batch to fewer", ErrBudget, budget, size)
	}
	if d.Batch == 0 { // the sums of a full batch keep one order
		return func(yield func(int, []int) bool) {
			for t := 0; float64(t+1)*float64(n) <= budget && yield(t, q.retained); t++ {
			}
		}, nil
	}
	order := data.Order{Seed: q.Run.Config.Seed + 1, N: n, Batch: size}
	return func(yield func(int, []int) bool) {
		ids, left := make([]int, 0, size), budget
		for t, batch := range order.Steps(0, math.MaxInt) {
			if left -= float64(len(batch)); left < 0 {
				return
			}
			ids = ids[:0]
			for _, i := range batch {
				ids = append(ids, q.retained[i])
			}
			if !yield(t, ids) {
				return
			}
		}
	}, nil
}

// rate returns the learning rate, see Descent.
func (d Descent) rate(q *request) float64 {
	cfg := q.Run.Config
	switch {
	case d.LR > 0:
		return d.LR
	case d.Smooth > 0:
		return 2 / (d.Smooth + 2*cfg.WeightDecay)
	case d.Batch == 0:
		return peakRate(q.Run) / (1 - cfg.Momentum)
	}
	return finalRate(q.Run) / (1 - cfg.Momentum)
}
