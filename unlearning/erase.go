package unlearning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Erase takes from w_T what U did to the recorded run, and lets a contraction
// settle it. The run is the sum of its pushes (see history.Pushes),
//
//	w_T ≈ const − Σ_i J_iᵀ α_i,   J_i = ∂z_i/∂w,
//
// and retraining is a run whose sum leaves U out. The difference of the sums,
//
//	D = Σ_{i∈U} J_iᵀ α_i − κ Σ_{j∉U} J_jᵀ α_j,   κ = |U|/(n−|U|),
//
// is the disturbance of the recursion summed over the run; the second part is
// what retraining's means over fewer examples add to the push of each. It is
// taken at w_T, from the examples with the largest pushes, which make up most of
// it. Then the recursion of Recursion is followed around w_T instead of around
// the trajectory, D spread over its learning time:
//
//	q ← β q + C(d) + λ d − Share·D/time,   d ← d − η q,   C(d) ≈ H d.
//
// C is the gradient of the distance of retained examples' answers from the
// recorded ones (nets.Model.HoldGradient). It is a difference of gradients at
// the price of one, and a sample of it has no noise where d has none: that is
// why the run may be short and its steps long. What D moves in directions that
// matter to retained examples contracts; what only U had put there goes.
type Erase struct {
	Short
	// Share of D that is taken. 0 means τ^0.4, with τ the learning time of this
	// run over that of the recorded one: a shorter run has less time to settle
	// what a push disturbs. It is divided by √(g/2) where the pushes at w_T are
	// g > 2 times those along the run, as in lenet5, and by 1 + ν where sampling D
	// makes ν times its square of noise.
	Share float64
	// Stiffness with which logits are held, beside probabilities, which do not
	// resist where the network is sure. Along the run it was not: 0 means a
	// third of the probability that examples did not give to their labels
	// then, which their pushes tell.
	Stiffness float64
	// Sample is the largest part of the budget that D is computed from; 0 means
	// a half.
	Sample float64
	// Title names the method in results; "" means "erase".
	Title string
}

// Name implements Method.
func (e Erase) Name() string {
	if e.Title != "" {
		return e.Title
	}
	return "erase"
}

// Needs implements Method.
func (Erase) Needs() Needs { return NeedsPushes }

// Unlearn implements Method.
func (e Erase) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(e, p)
	if err != nil || done != nil {
		return done, err
	}
	return e.solve(ctx, q)
}

// complete checks e and fills in its defaults, but for those that the record
// tells.
func (e Erase) complete(q *request) (Erase, error) {
	var err error
	if e.Short, err = e.Short.complete(q.Run, len(q.retained), holdingGait); err != nil {
		return e, err
	}
	if e.Sample == 0 {
		e.Sample = 0.5
	}
	if !(e.Share >= 0 && e.Stiffness >= 0 && e.Sample > 0 && e.Sample < 1) || math.IsInf(e.Share+e.Stiffness, 0) {
		return e, fmt.Errorf("share %g, stiffness %g and sample %g must not be negative, the last be between 0 and 1", e.Share, e.Stiffness, e.Sample)
	}
	return e, nil
}

func (e Erase) solve(ctx context.Context, q *request) (*Result, error) {
	e, err := e.complete(q)
	if err != nil {
		return q.fail(err)
	}
	alpha, answers, read, err := q.History.Pushes()
	if err != nil {
		return q.fail(err)
	}
	q.read += read
	visited, view := q.lastVisits()
	e.Batch = min(e.Batch, len(visited))
	evals := e.Cost * RetrainCost(q.Problem)
	sample := int(e.Sample * evals)
	if e.Batch == 0 || sample < 1 || evals-float64(sample) < float64(e.Batch) {
		return q.fail(fmt.Errorf("%w: %.0f gradient evaluations, of which %.0f are for the disturbance and a step takes %d", ErrBudget, evals, e.Sample*evals, e.Batch))
	}
	cfg := q.Run.Config
	seed, w := cfg.Seed+1, q.Run.Params
	d, err := q.disturb(view, alpha, sample, rand.New(rand.NewPCG(seed, 0x6572617365)))
	if err != nil {
		return q.fail(err)
	}
	steps := int((evals - float64(d.used)) / float64(e.Batch))
	time, run := learningTime(e.LR, steps)/(1-holdingGait.momentum), learningTime(cfg.LR, q.Run.Steps)/(1-cfg.Momentum)
	if !(time > 0) {
		return q.fail(fmt.Errorf("the learning rates of %s sum to %g: nothing would move", e.LR, time))
	}
	if e.Share == 0 {
		e.Share = math.Pow(time/run, 0.4) / math.Sqrt(max(1, d.growth/2)) / (1 + d.noise)
	}
	if e.Stiffness == 0 {
		e.Stiffness = doubt(alpha, run) / 3
	}
	// The steps of a run decay u = w_T + d; the recursion decays d.
	push := d.sum
	combine(push, -e.Share/time, push, -cfg.WeightDecay, w)

	k := q.model.Arch().Classes
	draw := newSampler(visited, seed)
	hold := make([]float64, e.Batch*k)
	u, err := q.shortRun(ctx, e.Short, holdingGait.momentum, w, steps, func(_ int, u, g *graph.Tensor) error {
		ids := draw.next(e.Batch)
		for j, i := range ids {
			for c := range k {
				hold[j*k+c] = answers.At(i*k + c)
			}
		}
		err := q.model.HoldGradient(view, u, q.Run.Data, ids, hold, e.Stiffness, g)
		addScaled(g, 1, push)
		return err
	})
	if err != nil {
		return q.fail(err)
	}
	return q.end(u)
}

// doubt returns the mean probability, over the learning time of a run, that
// examples did not give to their labels. A visit pushes the label's logit by
// that much of its learning time, and the others together by as much.
func doubt(alpha *graph.Tensor, time float64) (mean float64) {
	for i := range alpha.Len() {
		mean += math.Abs(alpha.At(i))
	}
	return mean / 2 / time
}

// learningTime returns Σ η over the steps of a schedule.
func learningTime(lr nets.LRSchedule, steps int) (sum float64) {
	for t := range steps {
		sum += lr.Rate(t, steps)
	}
	return sum
}

// lastVisits returns the retained examples that the run has visited, and how it
// showed them in its last whole epoch: a run that ends within an epoch is
// looked at as if that had not changed the view of some.
func (q *request) lastVisits() ([]int, nets.View) {
	order := q.Run.Order
	per := order.StepsPerEpoch()
	if q.Run.Steps >= per {
		return q.retained, q.Run.View(q.Run.Steps/per*per - 1)
	}
	seen := order.Epoch(0)[:min(q.Run.Steps*order.Batch, order.N)]
	kept, _ := q.Forget.Split(seen, nil, nil)
	return kept, q.Run.View(0)
}
