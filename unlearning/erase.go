package unlearning

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Erase takes from w_T what U did to the recorded run, and lets a contraction
// settle it. It is for sets that are like the rest of the data, of any size, and
// for networks with the softmax cross-entropy; Mini tells others apart.
//
// The run is the sum of its logit gradients α (history.LogitGradients), each moved
// to the parameters by the Jacobian of its example,
//
//	w_T ≈ const − Σ_i J_iᵀ α_i,   J_i = ∂z_i/∂w,
//
// and retraining is a run whose sum leaves U out. The difference of the sums,
//
//	D = Σ_{i∈U} J_iᵀ α̃_i − κ Σ_{j∉U} J_jᵀ α̃_j,   α̃ ∝ ‖α‖^½ α,   κ = |U|/(n−|U|),
//
// is the disturbance of the contraction summed over the run; the second part is
// what retraining's means over fewer examples add to the weight of each, and α̃
// gives more weight to what was peculiar to an example, with Σ ‖α̃‖ = Σ ‖α‖. J is
// that at w_T, and the sums are estimated from a sample of the examples, see
// contraction.LogitSampling.
//
// Then the contraction of Recursion is followed around w_T instead of around the
// trajectory, D spread over its learning time:
//
//	q ← β q + C(d) + λ d − Strength·D/time,   d ← d − η q,   C(d) ≈ H d.
//
// C is distillation from the logits of w_T, contraction.Distilled. Mini-batches of
// it have almost no noise where d = 0: that is why the run may be short and its
// steps long, though shorter by √(g/1.4) where the Jacobian growth g, see
// contraction.LogitSum, is above 1.4. What D moves in directions that matter to
// retained examples contracts; what only U had put there goes. What retraining does
// to the logits of retained examples as a whole, Widening is for.
type Erase struct {
	Short
	// Strength is how much of D is taken. 0 means 1.25 τ^0.4, with τ the learning time
	// of this run over that of the recorded one: a shorter run has less time to settle
	// what a disturbance moves. It is divided by √(g/2) where the Jacobian growth g is
	// above 2, by 1 + ν where sampling gives D a variance of ν ‖D‖², and multiplied by
	// 1 − 0.6 r² with r the part of the data that goes: the larger D, the less linear.
	Strength float64
	// Stiffness is that of contraction.Distilled. 0 means three quarters of what the
	// curvature of the loss was while the run learned, which the logit gradients tell,
	// over g/2 where g > 2. NoStiffness is for none at all.
	Stiffness   float64
	NoStiffness bool
	// Widening is the exponent of 1 + κ that logits to be distilled, less their mean,
	// are multiplied with for an example of which the run was sure all along:
	// retraining weighs it 1 + κ times as much for as long, and margins grow with
	// the logarithm of time. For an example of which the run doubted, with a mean
	// error a > 0, see contraction.MeanErrors, the exponent is max(−½, 1 − 4a) times
	// that: it loses the help of those like it. Examples that the run did not visit
	// keep their logits. 0 means 0.17; NoWidening is for none at all.
	Widening   float64
	NoWidening bool
	// Sample is the largest part of the budget that D is computed from; 0 means
	// a half.
	Sample float64
	// Title names the method in results; "" means "erase".
	Title string
}

// Name implements Method.
func (e Erase) Name() string { return cmp.Or(e.Title, "erase") }

// History implements Method: the logit gradients.
func (Erase) History(Plan) history.Policy { return history.LogitGradients() }

// Unlearn implements Method.
func (e Erase) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(e, p)
	if err != nil || done != nil {
		return done, err
	}
	alpha, err := req.LogitGradients()
	if err != nil {
		return req.Fail(err)
	}
	if e, err = e.complete(req); err != nil {
		return req.Fail(err)
	}
	d, err := e.estimate(req, alpha)
	if err != nil {
		return req.Fail(err)
	}
	return e.settle(ctx, req, alpha, d)
}

// complete checks e and fills in its defaults, but for those that the record
// tells.
func (e Erase) complete(req *Request) (Erase, error) {
	if a := req.Model.Arch(); a.Loss != nil {
		return e, fmt.Errorf("%s has a loss of its own, and only logits of the softmax cross-entropy can be distilled; use ShortRun, or a method of package baselines", a.Name)
	}
	var err error
	if e.Short, err = e.Short.complete(req.Run, len(req.Retain)); err != nil {
		return e, err
	}
	switch {
	case e.NoStiffness && e.Stiffness != 0 || e.NoWidening && e.Widening != 0:
		return e, fmt.Errorf("stiffness %g and widening %g must not be set together with NoStiffness %t and NoWidening %t", e.Stiffness, e.Widening, e.NoStiffness, e.NoWidening)
	case !e.NoWidening:
		e.Widening = cmp.Or(e.Widening, defaults.Widening)
	}
	e.Sample = cmp.Or(e.Sample, defaults.SampleCost)
	if !(e.Strength >= 0 && e.Stiffness >= 0 && e.Widening >= 0 && e.Sample > 0 && e.Sample < 1) || math.IsInf(e.Strength+e.Stiffness+e.Widening, 0) {
		return e, fmt.Errorf("strength %g, stiffness %g, widening %g and sample %g must be finite and not negative, the last between 0 and 1", e.Strength, e.Stiffness, e.Widening, e.Sample)
	}
	return e, nil
}

// sampling is how D is estimated.
var sampling = contraction.LogitSampling{
	Exponent: defaults.SizeExponent, Noise: defaults.SampleNoise, Stratified: defaults.SampleStratified, Least: defaults.SampleLeast,
}

// estimate computes D from a part of the budget of a complete e.
func (e Erase) estimate(req *Request, alpha *graph.Tensor) (*contraction.LogitSum, error) {
	evals := e.Cost * req.RetrainCost()
	least := 1 + e.distilled().Cost(1, len(req.Retain))
	if evals < least {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, where one example of the disturbance and one step take %.0f", ErrBudget, evals, math.Ceil(least))
	}
	sample := int(max(1, min(e.Sample*evals, evals-least+1)))
	return sampling.Estimate(req.System, alpha, sample, req.Rand(purpose.LogitSample, 0))
}

// distilled is the curvature of a complete e, as far as its cost depends on it.
func (e Erase) distilled() contraction.Distilled { return contraction.Distilled{Batch: e.Batch} }

// settle lets the contraction settle d with what is left of the budget of a
// complete e.
func (e Erase) settle(ctx context.Context, req *Request, alpha *graph.Tensor, d *contraction.LogitSum) (*Result, error) {
	evals, curvature := e.Cost*req.RetrainCost(), e.distilled()
	cost := func(steps int) float64 { return float64(d.Used) + curvature.Cost(steps, len(req.Retain)) }
	steps := sort.Search(int(evals)/e.Batch+1, func(t int) bool { return cost(t+1) > evals })
	if steps < 1 {
		return req.Fail(fmt.Errorf("%w: %.0f gradient evaluations, where the disturbance takes %d and a step %.0f", ErrBudget, evals, d.Used, math.Ceil(curvature.Cost(1, len(req.Retain)))))
	}
	path := contraction.Fixed{Steps: steps, Momentum: defaults.DistilMomentum, LR: e.schedule(req.Run, defaults.DistilMomentum, distilRate(d.Growth))}
	run := req.LearningTime()
	span := nets.LearningTime(path.LR, 0, steps) / (1 - path.Momentum)
	if !(span > 0 && run > 0) {
		return req.Fail(fmt.Errorf("the learning rates of %s sum to %g, those of the run to %g: nothing would move", path.LR, span, run))
	}
	kappa, errors := req.Kappa(), contraction.MeanErrors(alpha, run)
	if e.Strength == 0 {
		e.Strength = strength(span/run, d.Growth, d.Noise, kappa/(1+kappa))
	}
	if e.Stiffness == 0 && !e.NoStiffness {
		e.Stiffness = stiffness(contraction.LogitCurvature(errors), d.Growth)
	}
	curvature.Stiffness, curvature.Widths = e.Stiffness, e.widths(errors, kappa)
	u, err := contraction.Contraction{
		Path: path, Disturbance: contraction.Spread{Sum: d.Sum, Strength: e.Strength}, Curvature: curvature,
	}.Solve(ctx, req.System)
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}

// widths returns what the logits of each example are multiplied with, from its mean
// error a: (1 + κ)^(Widening · max(−½, 1 − 4a)).
func (e Erase) widths(errors []float64, kappa float64) []float64 {
	widths := make([]float64, len(errors))
	for i, a := range errors {
		widths[i] = 1
		if a > 0 { // the run visited it
			widths[i] = math.Pow(1+kappa, e.Widening*max(defaults.WideningLeast, 1-defaults.WideningSlope*a))
		}
	}
	return widths
}

// strength is that of a run with τ of the learning time of the recorded one, from
// the Jacobian growth, the noise of D and the part of the data that goes.
func strength(tau, growth, noise, part float64) float64 {
	grown := math.Sqrt(max(1, growth/defaults.StrengthGrowth))
	return defaults.Strength * math.Pow(tau, defaults.StrengthTime) / grown / (1 + noise) * (1 - defaults.StrengthShare*part*part)
}

// distilRate is how far an example moves the parameters, over how far it moved them
// in the recorded run.
func distilRate(growth float64) float64 {
	return defaults.DistilRate / math.Sqrt(max(1, growth/defaults.DistilRateGrowth))
}

// stiffness is that with which logits are distilled, from the curvature while the run
// learned.
func stiffness(curvature, growth float64) float64 {
	return defaults.Stiffness * curvature / max(1, growth/defaults.StrengthGrowth)
}
