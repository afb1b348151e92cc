package unlearning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Erase takes from w_T what U did to the recorded run, and lets a contraction
// settle it. It is for sets that are like the rest of the data, of any size, and
// for networks with the softmax cross-entropy; Mini tells others apart.
//
// The run is the sum of its pushes (see history.LogitGradients),
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
// the price of four thirds of one. Mini-batches of it have almost no noise where
// d = 0: that is why the run may be short and its steps long, though shorter by
// √(g/1.4) where the growth g of the pushes, see Share, is above 1.4. What D
// moves in directions that matter to retained examples contracts; what only U had
// put there goes. What retraining does to the answers on retained examples as a
// whole, Widening is for.
type Erase struct {
	Short
	// Share of D that is taken. 0 means 1.25 τ^0.4, with τ the learning time of this
	// run over that of the recorded one: a shorter run has less time to settle
	// what a push disturbs. It is divided by √(g/2) where the pushes at w_T move
	// g > 2 times as far along the way from w_0 to w_T as the run went, by 1 + ν
	// where sampling gives D a variance of ν ‖D‖², and multiplied by 1 − 0.6 r² with r
	// the part of the data that goes: the larger D, the less linear.
	Share float64
	// Stiffness with which logits are held, beside probabilities; these alone do not
	// resist where the network is sure. 0 means three quarters of what the curvature
	// of the loss was while the run learned, which the pushes tell, over g/2
	// where g > 2; for none at all, set 1e-30.
	Stiffness float64
	// Widening is the exponent of 1 + κ that logits to be held, less their mean, are
	// multiplied with for an example of which the run was sure all along:
	// retraining weighs it 1 + κ times as much for as long, and margins grow with
	// the logarithm of time. For an example of which the run doubted, with a mean
	// a > 0 of the probability that it did not give to the label, the exponent is
	// max(−½, 1 − 4a) times that: it loses the help of those like it. Examples that
	// the run did not visit are held as they are. 0 means 0.17; for none at all, set
	// 1e-30.
	Widening float64
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

// History implements Method: the logit gradients.
func (Erase) History(Plan) history.Policy { return history.LogitGradients() }

// Unlearn implements Method.
func (e Erase) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(e, p)
	if err != nil || done != nil {
		return done, err
	}
	alpha, err := q.logitGradients()
	if err != nil {
		return q.fail(err)
	}
	if e, err = e.complete(q); err != nil {
		return q.fail(err)
	}
	d, err := e.disturb(q, alpha)
	if err != nil {
		return q.fail(err)
	}
	return e.contract(ctx, q, alpha, d)
}

// logitGradients reads the record's.
func (q *request) logitGradients() (*graph.Tensor, error) {
	alpha, read, err := q.History.LogitGradients()
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
	if e.Short, err = e.Short.complete(q.Run, len(q.retained)); err != nil {
		return e, err
	}
	if e.Widening == 0 {
		e.Widening = 0.17
	}
	if e.Sample == 0 {
		e.Sample = 0.5
	}
	if !(e.Share >= 0 && e.Stiffness >= 0 && e.Widening >= 0 && e.Sample > 0 && e.Sample < 1) || math.IsInf(e.Share+e.Stiffness+e.Widening, 0) {
		return e, fmt.Errorf("share %g, stiffness %g, widening %g and sample %g must be finite and not negative, the last between 0 and 1", e.Share, e.Stiffness, e.Widening, e.Sample)
	}
	return e, nil
}

// disturb computes D from a part of the budget of a complete e.
func (e Erase) disturb(q *request, alpha *graph.Tensor) (*disturbance, error) {
	evals := e.Cost * RetrainCost(q.Problem)
	least := 1 + e.evals(1, len(q.retained))
	sample := int(max(1, min(e.Sample*evals, evals-least+1)))
	if evals < least {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, where one example of the disturbance and one step take %.0f", ErrBudget, evals, math.Ceil(least))
	}
	return q.disturb(alpha, sample, rand.New(rand.NewPCG(q.Run.Config.Seed+1, 0x6572617365)))
}

// contract lets the recursion settle d with what is left of the budget of a
// complete e.
func (e Erase) contract(ctx context.Context, q *request, alpha *graph.Tensor, d *disturbance) (*Result, error) {
	cfg, w := q.Run.Config, q.Run.Params
	evals := e.Cost * RetrainCost(q.Problem)
	steps := sort.Search(int(evals)/e.Batch+1, func(t int) bool { return float64(d.used)+e.evals(t+1, len(q.retained)) > evals })
	if steps < 1 {
		return q.fail(fmt.Errorf("%w: %.0f gradient evaluations, where the disturbance takes %d and a step %.0f", ErrBudget, evals, d.used, math.Ceil(e.evals(1, len(q.retained)))))
	}
	e.LR = e.schedule(q.Run, gait{holdingGait.momentum, defaultPace(d.growth)})
	span, run := learningTime(e.LR, steps)/(1-holdingGait.momentum), learningTime(cfg.LR, q.Run.Steps)/(1-cfg.Momentum)
	if !(span > 0 && run > 0) {
		return q.fail(fmt.Errorf("the learning rates of %s sum to %g, those of the run to %g: nothing would move", e.LR, span, run))
	}
	if e.Share == 0 {
		kappa := q.kappa()
		e.Share = defaultShare(span/run, d.growth, d.noise, kappa/(1+kappa))
	}
	doubts := pastDoubts(alpha, run)
	if e.Stiffness == 0 {
		e.Stiffness = defaultStiffness(pastCurvature(doubts), d.growth)
	}
	// The steps of a run decay u = w_T + d; the recursion decays d.
	push := d.sum
	combine(push, -e.Share/span, push, -cfg.WeightDecay, w)

	hold := newHeld(q, doubts, e.Widening)
	draw := newSampler(q.retained, cfg.Seed+1)
	var ahead []int // examples of the next steps
	u, err := q.shortRun(ctx, e.Short, holdingGait.momentum, w, steps, func(t int, u, g *graph.Tensor) error {
		if len(ahead) == 0 {
			for range min(askedAhead, steps-t) {
				ahead = append(ahead, draw.next(e.Batch)...)
			}
			if err := hold.ask(ahead); err != nil {
				return err
			}
		}
		err := hold.gradient(u, ahead[:e.Batch], e.Stiffness, g)
		ahead = ahead[e.Batch:]
		addScaled(g, 1, push)
		return err
	})
	if err != nil {
		return q.fail(err)
	}
	q.route = RouteDistilled
	return q.end(u)
}

// askedAhead is the number of steps whose examples are asked for at once: one
// large batch is faster than many small ones, and has the same bits.
const askedAhead = 64

// defaultShare is that of a run with τ of the learning time of the recorded one.
func defaultShare(tau, growth, noise, part float64) float64 {
	return 1.25 * math.Pow(tau, 0.4) / math.Sqrt(max(1, growth/2)) / (1 + noise) * (1 - 0.6*part*part)
}

// defaultPace is that of holdingGait, less where the pushes have grown.
func defaultPace(growth float64) float64 {
	return holdingGait.pace / math.Sqrt(max(1, growth/1.4))
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
