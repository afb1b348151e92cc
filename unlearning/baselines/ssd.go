package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// SSD shrinks the parameters that matter far more to U than to the data, and does not
// train (selective synaptic dampening: Foster, Schoepf and Brintrup, AAAI 2024,
// equations 5 and 6):
//
//	u_j = min(λ F_j/F_j^U, 1)·w_j where F_j^U > α F_j, else w_j,
//
// with w = w_T and F, F^U the diagonals of the Fisher information over all data and
// over U: the mean squares of the gradients of single examples. The authors' code
// squares gradients of whole batches instead. It needs no record, and costs a gradient
// for each example that is looked at. Where no parameter passes the threshold, which is
// usual for large random sets, it counts GuardNothingDamped.
type SSD struct {
	// Cost limits the retained examples that F is estimated from: all of U are looked at,
	// and as many others, drawn by Seed, as it pays for, as a share of replayed
	// retraining's gradient evaluations. 0 means all of them, as published.
	Cost float64
	// Alpha is α > 0; 0 means 10, as published for ResNet-18. Infinity changes nothing.
	Alpha float64
	// Lambda is λ > 0; 0 means 1, as published.
	Lambda float64
	Seed   uint64 // 0 means the run's
}

// Hyperparameters as published.
const (
	ssdAlpha  = 10
	ssdLambda = 1
)

// Name implements unlearning.Method.
func (SSD) Name() string { return "ssd" }

// History implements unlearning.Method: no record is needed.
func (SSD) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (s SSD) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, s, p)
}

func (s SSD) steps() Steps { return Steps{Cost: cmp.Or(s.Cost, unlearning.MaxCost), Seed: s.Seed} }

func (s SSD) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	alpha, lambda := cmp.Or(s.Alpha, ssdAlpha), cmp.Or(s.Lambda, ssdLambda)
	if !(alpha > 0 && lambda > 0) {
		return nil, fmt.Errorf("alpha %g and lambda %g must be positive", alpha, lambda)
	}
	others, err := t.sample(int(t.left()) - len(t.examples))
	if err != nil {
		return nil, err
	}
	ofForget, err := t.fisher(ctx, t.examples)
	if err != nil {
		return nil, err
	}
	ofOthers, err := t.fisher(ctx, others)
	if err != nil {
		return nil, err
	}
	damped := 0
	u, share := t.from.Clone(), float64(len(t.examples))/float64(t.Run.Data.Len())
	for i, f := range ofForget {
		all := share*f + (1-share)*ofOthers[i]
		if f > alpha*all {
			u.Set(i, u.At(i)*min(lambda*all/f, 1))
			damped++
		}
	}
	if damped == 0 {
		t.Guards[GuardNothingDamped]++
	}
	return u, nil
}

// sample returns at most n retained examples, ascending; all of them if n is as many.
func (t *task) sample(n int) ([]int, error) {
	if n < 1 {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, where those of U alone take %d", unlearning.ErrBudget, t.evals, len(t.examples))
	}
	return t.some(t.Retain, n), nil
}

// some returns at most n of some examples, drawn at random and ascending.
func (t *task) some(ids []int, n int) []int {
	if n >= len(ids) {
		return ids
	}
	drawn := make([]int, 0, n)
	for _, k := range purpose.Rand(t.seed, purpose.Subset, 0).Perm(len(ids))[:n] {
		drawn = append(drawn, ids[k])
	}
	slices.Sort(drawn)
	return drawn
}

// contrast returns the task's examples and as many retained ones, or of both as many as
// half of the budget pays a gradient for.
func (t *task) contrast() (forget, retain []int, err error) {
	n := min(len(t.examples), len(t.Retain), int(t.left()/4))
	if n < 1 {
		return nil, nil, fmt.Errorf("%w: %.0f gradient evaluations are left, where those of four examples are the least", unlearning.ErrBudget, t.left())
	}
	return t.some(t.examples, n), t.some(t.Retain, n), nil
}

// fisher returns the mean squares of the gradients of single examples at the task's
// parameters, [P]. Parts of the examples are shared out, and added up in their order.
func (t *task) fisher(ctx context.Context, ids []int) ([]float64, error) {
	const part = 64 // examples
	crew := t.Model.Crew()
	total := make([]float64, t.Model.Size())
	sums, errs := make([][]float64, len(crew)), make([]error, len(crew))
	for from := 0; from < len(ids); from += part * len(crew) {
		var wg sync.WaitGroup
		for k, m := range crew {
			lo := min(from+k*part, len(ids))
			if hi := min(lo+part, len(ids)); lo < hi {
				wg.Go(func() { sums[k], errs[k] = squares(ctx, m, t.from, t.Run.Data, ids[lo:hi], sums[k]) })
			} else {
				sums[k], errs[k] = nil, nil
			}
		}
		wg.Wait()
		for k, sum := range sums {
			if errs[k] != nil {
				return nil, errs[k]
			}
			for i, v := range sum {
				total[i] += v / float64(len(ids))
			}
		}
	}
	for i, v := range total {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("the squared gradients of parameter %d are beyond what numbers hold", i)
		}
	}
	return total, nil
}

// squares returns the sum of the squares of the gradients of single examples at w, in the
// memory of sum if that has as many numbers.
func squares(ctx context.Context, m *nets.Model, w *graph.Tensor, ds *data.Dataset, ids []int, sum []float64) ([]float64, error) {
	if sum == nil {
		sum = make([]float64, m.Size())
	}
	clear(sum)
	g := m.NewVector()
	for k := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := m.Gradient(w, ds, ids[k:k+1], g); err != nil {
			return nil, err
		}
		addSquares(sum, g.Float32s())
		addSquares(sum, g.Float64s())
	}
	return sum, nil
}

func addSquares[T graph.Float](sum []float64, g []T) {
	for i, v := range g {
		sum[i] += float64(v) * float64(v)
	}
}
