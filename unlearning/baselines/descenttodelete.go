package baselines

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// DescentToDelete takes steps of gradient descent on the retained objective from w_T,
//
//	u ← u − η (∇L_R(u) + λ u)
//
// (Descent-to-Delete: Neel, Roth and Sharifi-Malvajerdi, ALT 2021, without the
// noise).
type DescentToDelete struct {
	Cost float64 // share of retraining's gradient evaluations; 0 means defaults.Cost
	// LR is η. 0 means, for full batches, the largest rate of the run; for
	// smaller ones, which do not average their noise away, the mean rate of
	// the run's last tenth; either divided by 1 − β.
	LR float64
	// Smooth, if positive and LR is 0, is the largest curvature L of a convex
	// mean loss without weight decay: η is then 2/(L + 2λ), the optimal rate
	// 2/(M+m) of the paper for curvatures between m = λ and M = L + λ.
	Smooth float64
	// Batch is the number of retained examples a step, in an order of its own;
	// 0 means all of them. Fewer are needed where Cost does not pay for one pass.
	Batch int
}

// Name implements unlearning.Method.
func (DescentToDelete) Name() string { return "descent" }

// History implements unlearning.Method: no record is needed.
func (DescentToDelete) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (d DescentToDelete) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	batches, err := d.plan(req)
	if err != nil {
		return req.Fail(err)
	}
	d.LR = d.rate(req)
	s, err := req.Model.NewStepper(0, req.Run.Config.WeightDecay, req.Run.Params, nil)
	if err != nil {
		return req.Fail(err)
	}
	g := req.Model.NewVector()
	for t, ids := range batches {
		err := req.Step(ctx, t, s, d.LR, g, func(w, g *graph.Tensor) error {
			_, err := req.Model.Gradient(w, req.Run.Data, ids, g)
			return err
		})
		if err != nil {
			return req.Fail(err)
		}
	}
	return req.Finish(s.W)
}

// plan checks d and returns the batches that its cost pays for.
func (d DescentToDelete) plan(req *unlearning.Request) (iter.Seq2[int, []int], error) {
	d.Cost = cmp.Or(d.Cost, defaults.Cost)
	for _, f := range []struct {
		name  string
		value float64
	}{{"cost", d.Cost}, {"learning rate", d.LR}, {"smoothness", d.Smooth}, {"batch", float64(d.Batch)}} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			return nil, fmt.Errorf("%s %g must be finite and not negative", f.name, f.value)
		}
	}
	if d.Smooth > 0 && !req.Model.Arch().Convex {
		return nil, fmt.Errorf("a smoothness of %g: 2/(L+μ) is a rate for convex models, and %s is none", d.Smooth, req.Model.Arch().Name)
	}
	n := len(req.Retain)
	size := n
	if d.Batch > 0 {
		size = min(d.Batch, n)
	}
	budget := d.Cost * req.RetrainCost()
	if budget < float64(size) {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, a step takes %d; set Batch to fewer", unlearning.ErrBudget, budget, size)
	}
	if d.Batch == 0 { // the sums of a full batch keep one order
		return func(yield func(int, []int) bool) {
			for t := 0; float64(t+1)*float64(n) <= budget && yield(t, req.Retain); t++ {
			}
		}, nil
	}
	order := data.Order{Seed: purpose.Seed(req.Run.Config.Seed, purpose.Descent, 0), N: n, Batch: size}
	return func(yield func(int, []int) bool) {
		ids, left := make([]int, 0, size), budget
		for t, batch := range order.Steps(0, math.MaxInt) {
			if left -= float64(len(batch)); left < 0 {
				return
			}
			ids = ids[:0]
			for _, i := range batch {
				ids = append(ids, req.Retain[i])
			}
			if !yield(t, ids) {
				return
			}
		}
	}, nil
}

// rate returns the learning rate, see DescentToDelete.
func (d DescentToDelete) rate(req *unlearning.Request) float64 {
	cfg := req.Run.Config
	switch {
	case d.LR > 0:
		return d.LR
	case d.Smooth > 0:
		return 2 / (d.Smooth + 2*cfg.WeightDecay)
	case d.Batch == 0:
		return peakRate(req.Run) / (1 - cfg.Momentum)
	}
	return finalRate(req.Run) / (1 - cfg.Momentum)
}

// peakRate returns the largest learning rate of a run.
func peakRate(run *nets.Run) (peak float64) {
	for t := range run.Steps {
		peak = max(peak, run.Config.LR.Rate(t, run.Steps))
	}
	return peak
}

// finalRate returns the mean learning rate of a run's last tenth, one step at
// least.
func finalRate(run *nets.Run) (mean float64) {
	k := max(run.Steps/10, 1)
	for t := run.Steps - k; t < run.Steps; t++ {
		mean += run.Config.LR.Rate(t, run.Steps) / float64(k)
	}
	return mean
}
