package unlearning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Erase takes from w_T what U did to the recorded run, and lets a contraction
// settle it. It is for sets that are like the rest of the data, of any size, and
// for networks with the softmax cross-entropy; Mini tells others apart.
//
// The run is the sum of its pushes (see history.Pushes),
//
//	w_T ≈ const − Σ_i J_iᵀ α_i,   J_i = ∂z_i/∂w,
//
// and retraining is a run whose sum leaves U out. The difference of the sums,
//
//	D = Σ_{i∈U} J_iᵀ α̃_i − κ Σ_{j∉U} J_jᵀ α̃_j,   α̃ ∝ ‖α‖^½ α,   κ = |U|/(n−|U|),
//
// is the disturbance of the recursion summed over the run; the second part is
// what retraining's means over fewer examples add to the push of each, and α̃
// gives more weight to what was peculiar to an example, with Σ ‖α̃‖ = Σ ‖α‖. J is that
// at w_T, and the sums are estimated from a sample of the examples, drawn in
// proportion to the size of their terms.
//
// Then the recursion of Recursion is followed around w_T instead of around
// the trajectory, D spread over its learning time:
//
//	q ← β q + C(d) + λ d − Share·D/time,   d ← d − η q,   C(d) ≈ H d.
//
// C is the gradient of the distance of retained examples' answers from those of
// w_T (nets.Model.HoldGradient), asked for once: a difference of gradients at
// the price of four thirds of one. Mini-batches of it have no noise where d = 0:
// that is why the run may be short and its steps long. What D moves in
// directions that matter to retained examples contracts; what only U had put
// there goes.
type Erase struct {
	Short
	// Share of D that is taken. 0 means 1.2 τ^0.4, with τ the learning time of this
	// run over that of the recorded one: a shorter run has less time to settle
	// what a push disturbs. It is divided by √(g/2) where the pushes at w_T move
	// g > 2 times as far along the way from w_0 to w_T as the run went, and by 1 + ν
	// where sampling gives D a variance of ν ‖D‖².
	Share float64
	// Stiffness with which logits are held, beside probabilities; these alone do not
	// resist where the network is sure. 0 means three quarters of what the curvature
	// of the loss was while the run learned, which the pushes tell, over g/2
	// where g > 2; for none at all, set 1e-30.
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
	alpha, err := q.pushes()
	if err != nil {
		return q.fail(err)
	}
	return e.solve(ctx, q, alpha)
}

// pushes reads the record's.
func (q *request) pushes() (*graph.Tensor, error) {
	alpha, read, err := q.History.Pushes()
	q.read += read
	return alpha, err
}

// complete checks e and fills in its defaults, but for those that the record
// tells.
func (e Erase) complete(q *request) (Erase, error) {
	if a := q.model.Arch(); a.Loss != nil {
		return e, fmt.Errorf("%s has a loss of its own, and only answers to the softmax cross-entropy can be held; use Accelerate or Rewind", a.Name)
	}
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

func (e Erase) solve(ctx context.Context, q *request, alpha *graph.Tensor) (*Result, error) {
	e, err := e.complete(q)
	if err != nil {
		return q.fail(err)
	}
	cfg, w := q.Run.Config, q.Run.Params
	view := q.Run.View(q.Run.Steps - 1)
	evals := e.Cost * RetrainCost(q.Problem)
	least := 1 + e.evals(1, len(q.retained))
	sample := int(max(1, min(e.Sample*evals, evals-least+1)))
	if evals < least {
		return q.fail(fmt.Errorf("%w: %.0f gradient evaluations, where one example of the disturbance and one step take %.0f", ErrBudget, evals, math.Ceil(least)))
	}
	seed := cfg.Seed + 1
	d, err := q.disturb(view, alpha, sample, rand.New(rand.NewPCG(seed, 0x6572617365)))
	if err != nil {
		return q.fail(err)
	}
	steps := sort.Search(int(evals)/e.Batch+1, func(t int) bool { return float64(d.used)+e.evals(t+1, len(q.retained)) > evals })
	if steps < 1 {
		return q.fail(fmt.Errorf("%w: %.0f gradient evaluations, where the disturbance takes %d and a step %.0f", ErrBudget, evals, d.used, math.Ceil(e.evals(1, len(q.retained)))))
	}
	span, run := learningTime(e.LR, steps)/(1-holdingGait.momentum), learningTime(cfg.LR, q.Run.Steps)/(1-cfg.Momentum)
	if !(span > 0 && run > 0) {
		return q.fail(fmt.Errorf("the learning rates of %s sum to %g, those of the run to %g: nothing would move", e.LR, span, run))
	}
	if e.Share == 0 {
		e.Share = defaultShare(span/run, d.growth, d.noise)
	}
	if e.Stiffness == 0 {
		e.Stiffness = defaultStiffness(pastCurvature(alpha, run), d.growth)
	}
	// The steps of a run decay u = w_T + d; the recursion decays d.
	push := d.sum
	combine(push, -e.Share/span, push, -cfg.WeightDecay, w)

	hold := newHeld(q, view)
	draw := newSampler(q.retained, seed)
	u, err := q.shortRun(ctx, e.Short, holdingGait.momentum, w, steps, func(_ int, u, g *graph.Tensor) error {
		err := hold.gradient(u, draw.next(e.Batch), e.Stiffness, g)
		addScaled(g, 1, push)
		return err
	})
	if err != nil {
		return q.fail(err)
	}
	return q.end(u)
}

// defaultShare is that of a run with τ of the learning time of the recorded one.
func defaultShare(tau, growth, noise float64) float64 {
	return 1.2 * math.Pow(tau, 0.4) / math.Sqrt(max(1, growth/2)) / (1 + noise)
}

func defaultStiffness(curvature, growth float64) float64 {
	return 0.75 * curvature / max(1, growth/2)
}

// evals returns what steps cost: a gradient of every example held, and one
// answer of each of the n that there are.
func (e Erase) evals(steps, n int) float64 {
	held := steps * e.Batch
	return float64(held) + float64(min(held, n))/3
}

// held are the answers at w_T of those examples that were asked for.
type held struct {
	q       *request
	view    nets.View
	answers []float64 // [n, K]
	known   []bool
	batch   []float64
}

func newHeld(q *request, view nets.View) *held {
	n := q.Run.Data.Len()
	return &held{q: q, view: view, answers: make([]float64, n*q.model.Arch().Classes), known: make([]bool, n)}
}

// gradient sets g to the gradient at u of the distance from the answers of ids.
func (h *held) gradient(u *graph.Tensor, ids []int, stiffness float64, g *graph.Tensor) error {
	q, k := h.q, h.q.model.Arch().Classes
	h.batch = slices.Grow(h.batch[:0], k*len(ids))[:k*len(ids)]
	var ask []int
	for _, i := range ids {
		if !h.known[i] {
			ask = append(ask, i)
		}
	}
	if len(ask) > 0 {
		z := h.batch[:k*len(ask)]
		if err := q.model.LogitsAs(h.view, q.Run.Params, q.Run.Data, ask, z); err != nil {
			return err
		}
		for j, i := range ask {
			copy(h.answers[i*k:i*k+k], z[j*k:])
			h.known[i] = true
		}
	}
	for j, i := range ids {
		copy(h.batch[j*k:], h.answers[i*k:i*k+k])
	}
	return q.model.HoldGradient(h.view, u, q.Run.Data, ids, h.batch, stiffness, g)
}

// pastCurvature returns the mean of a(1−a) over the examples that a run of this
// learning time visited: the curvature of the softmax cross-entropy along the
// label's logit, where an example gives a to other labels. a is the mean over the
// run: a visit pushes the label's logit by it, and the others together by as much.
// All visits are taken to weigh alike, and weight decay to leave pushes alone. In
// runs of one epoch, with a small last batch or decayed by half, it is an
// estimate to a factor of two or so.
func pastCurvature(alpha *graph.Tensor, time float64) float64 {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	doubts := make([]float64, 0, n)
	for i := range n {
		var size float64
		for c := range k {
			size += math.Abs(alpha.At(i*k + c))
		}
		if size > 0 {
			doubts = append(doubts, size/2/time)
		}
	}
	var mean float64
	for _, share := range doubts {
		a := share * float64(len(doubts)) // the time is shared by all
		mean += a * max(0, 1-a) / float64(len(doubts))
	}
	return mean
}

// learningTime returns Σ η over the steps of a schedule.
func learningTime(lr nets.LRSchedule, steps int) (sum float64) {
	for t := range steps {
		sum += lr.Rate(t, steps)
	}
	return sum
}
