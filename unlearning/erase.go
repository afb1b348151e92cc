package unlearning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Erase takes back from w_T what the recorded run pushed the examples of U by,
// and lets the retained ones settle. The run is the sum of its pushes (see
// history.Pushes),
//
//	w_T ≈ const − Σ_i J_iᵀ α_i,   J_i = ∂z_i/∂w,
//
// and retraining is a run whose sum leaves U out. A short run therefore adds
//
//	Σ_{i∈U} J_iᵀ α_i − κ Σ_{j∉U} J_jᵀ α_j,   κ = |U|/(n−|U|),
//
// times Share, bit by bit, while it descends on the retained loss. The second
// sum is what retraining's means over fewer examples add to the push of each: it
// keeps what U has in common with all data.
//
// The pushes also say which examples matter. Both sums and the retained loss are
// sampled in proportion to ‖α‖: examples that never pushed make up most of a
// data set and change nothing.
type Erase struct {
	Short
	// Share of U's pushes that is taken back. The rest was undone within the
	// recorded run: what it learned early from U, it would have learned later
	// from others. 0 means 0.34 (1 − |U|/n), times v/(v + ½) for a budget of
	// v gradients per example of U: a small one cannot settle what a large U
	// has moved.
	Share float64
	// Shrink multiplies the parameters at the start; 0 means 0.85. Parameters
	// grow with every visit, and shorter ones relearn faster.
	Shrink float64
	// Uniform is the share of the retained examples that is drawn without
	// regard to their pushes; 0 means 0.2.
	Uniform float64
	// Title names the method in results; "" means "erase".
	Title string
}

// eraseShare is the default of Share for a small U and a large budget, fitted
// to MNIST; see docs/evidence for other data.
const eraseShare = 0.34

// unbias is the power of the inverse sampling density that weighs retained
// examples: 1 is unbiased, 0 trains on the hard ones alone. In between, hard
// examples count more than others, which a short run needs.
const unbias = 0.75

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

// complete checks e and fills in its defaults.
func (e Erase) complete(q *request) (Erase, error) {
	var err error
	if e.Short, err = e.Short.complete(q.Run, len(q.retained)); err != nil {
		return e, err
	}
	if e.Share == 0 {
		n, u := float64(len(q.retained)), float64(q.Forget.Len())
		visits := e.Cost * RetrainCost(q.Problem) / u
		e.Share = eraseShare * n / (n + u) * visits / (visits + 0.5)
	}
	if e.Shrink == 0 {
		e.Shrink = 0.85
	}
	if e.Uniform == 0 {
		e.Uniform = 0.2
	}
	if !(e.Share > 0 && e.Shrink > 0 && e.Uniform > 0 && e.Uniform <= 1) || math.IsInf(e.Share+e.Shrink, 0) {
		return e, fmt.Errorf("share %g, shrink %g and uniform %g must be positive, the last at most 1", e.Share, e.Shrink, e.Uniform)
	}
	return e, nil
}

func (e Erase) solve(ctx context.Context, q *request) (*Result, error) {
	e, err := e.complete(q)
	if err != nil {
		return q.fail(err)
	}
	alpha, read, err := q.History.Pushes()
	if err != nil {
		return q.fail(err)
	}
	q.read += read
	forget := q.Forget.IDs()
	nKept := e.Batch
	nGone := min(max(1, nKept/8), len(forget))
	evals := e.Cost * RetrainCost(q.Problem)
	steps := int(evals / float64(nKept+nGone))
	if steps < 1 {
		return q.fail(fmt.Errorf("%w: %.0f gradient evaluations, a step takes %d", ErrBudget, evals, nKept+nGone))
	}
	seed := q.Run.Config.Seed + 1
	r := rand.New(rand.NewPCG(seed, 0x6572617365))
	kept, gone := newDraw(q.retained, alpha, e.Uniform, r), newDraw(forget, alpha, 0, r)

	// The learning time Σ η/(1−β) of this run, over which the pushes of U,
	// times Share, are spread.
	var time float64
	for t := range steps {
		time += e.LR.Rate(t, steps) / (1 - shortMomentum)
	}
	if !(time > 0) {
		return q.fail(fmt.Errorf("the learning rates of %s sum to %g: nothing would move", e.LR, time))
	}
	back := e.Share / time

	k := q.model.Arch().Classes
	ids := make([]int, nKept+nGone)
	steer := nets.Steer{Weights: make([]float64, len(ids)), Pull: make([]float64, k*len(ids)), Logits: make([]float64, k*len(ids))}
	forgotten := map[int]bool{} // when last seen
	pull := func(j int, c float64) {
		for l := range k {
			steer.Pull[j*k+l] = c * alpha.At(ids[j]*k+l)
		}
	}
	w := q.model.NewVector()
	combine(w, e.Shrink, q.Run.Params, 0, w)
	w, err = q.shortRun(ctx, e.Short, w, steps, func(t int, w, g *graph.Tensor) error {
		kept.next(ids[:nKept])
		gone.next(ids[nKept:])
		for j, i := range ids[:nKept] {
			density := kept.density(i) // of the draw, over that of an even one
			steer.Weights[j] = math.Pow(density, -unbias) / float64(nKept)
			pull(j, back*float64(len(forget))/(density*float64(nKept))) // κ (n−|U|) = |U|
		}
		for j, i := range ids[nKept:] {
			c := 0.0
			if density := gone.density(i); density > 0 && !forgotten[i] {
				c = -back * float64(len(forget)) / (density * float64(nGone))
			}
			pull(nKept+j, c)
		}
		err := q.model.SteerGradient(q.view(seed, t*nKept/len(q.retained)), w, q.Run.Data, ids, steer, g)
		for j, i := range ids[nKept:] {
			z := steer.Logits[(nKept+j)*k:][:k]
			forgotten[i] = belowChance(z, int(q.Run.Data.Y[i]))
		}
		return err
	})
	if err != nil {
		return q.fail(err)
	}
	return q.end(w)
}

// belowChance reports whether a label is less likely than chance. Such an
// example has been forgotten; to push it further would be visible too.
func belowChance(z []float64, label int) bool {
	var odds float64
	for _, v := range z {
		odds += math.Exp(v - z[label])
	}
	return odds > float64(len(z))
}
