package unlearning

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Erase takes from w_T what U did to the recorded run, and lets a contraction
// settle it. It is for sets that are like the rest of the data, up to more than half
// of them, and for networks with the softmax cross-entropy; Mini tells others apart.
//
// The run is the sum of its logit gradients α (history.LogitGradients), each moved
// to the parameters by the Jacobian J_i = ∂z_i/∂w of its example, and retraining is
// a run whose sum leaves U out. The difference of the sums,
//
//	D = Σ_{i∈U} J_iᵀ α_i − Σ_{j∉U} κ_y J_jᵀ α_j,
//
// is the disturbance of the contraction summed over the run. The second part is
// what retraining's means over fewer examples add to the weight of each, label by
// label: κ_y is what U taught of a label over what the others taught of it. J is that
// at w_T, and the sums are estimated from a sample of the examples, see
// contraction.LogitSampling.
//
// Then the contraction of Recursion is followed around w_T instead of around the
// trajectory,
//
//	q ← β q + C(d) + λ d − δ,   d ← d − η q,   C(d) ≈ H d,
//
// where the first part of the steps spreads Strength·D − Back·(w_T − w_0), and the others
// let settle what it moved. D has the others teach all that U taught in common with them,
// with the Jacobians of w_T, which is more than fewer examples teach. How much more is not
// known; the second term takes back what did well, see Back. C is distillation from the logits
// of w_T, contraction.Distilled, which shortens steps that their batches would not bear.
// Mini-batches of it have no noise where d = 0: that is why the run may be short and
// its steps long, as long as the curvature along them bears, which the sample of D
// and a few products tell. What D moves in directions that matter to retained
// examples contracts; what only U had put there goes.
//
// Last the logits are scaled: retraining's are larger than those of the run, the
// more the less data it has, and those of the contraction are not, see Scale.
type Erase struct {
	// Short is the budget and the steps. Without Batch and LR they are chosen so that a
	// step along the gradient of an example moves its own logits by
	// defaults.DistilStep of the way back to those of w_T, and no direction of
	// a batch by more than defaults.DistilEdge of what would make it swing.
	Short
	// Strength is how much of D is taken; Back does not depend on it. 0 means what package defaults says of a run
	// whose steps, one and all, moved an example's own logits so far, of its errors and
	// weight decay, of a contraction that undoes so much, and of a D of this size and noise.
	Strength float64
	// Stiffness is that of contraction.Distilled. 0 means defaults.Stiffness of what the
	// curvature of the loss was while the run learned, which the logit gradients tell.
	// NoStiffness is for none at all.
	Stiffness   float64
	NoStiffness bool
	// Scale is the exponent of 1 + κ by which the logits of U's examples are larger in
	// the end than they were at w_T, by their root mean square about each example's
	// mean. 0 means defaults.LogitScale; NoScale leaves them as the contraction does.
	Scale   float64
	NoScale bool
	// Back is the share of the way back to the initial parameters that is spread with D. 0
	// means defaults.ErasedBack times r; NoBack is for none. Where Mini trains
	// instead, it chooses the start by itself.
	Back   float64
	NoBack bool
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
	return e.solve(ctx, req, alpha, readLearned(req, alpha))
}

// complete checks e and fills in its defaults, but for those that the record
// tells.
func (e Erase) complete(req *Request) (Erase, error) {
	if a := req.Model.Arch(); a.Loss != nil {
		return e, fmt.Errorf("%s has a loss of its own, and only logits of the softmax cross-entropy can be distilled; use ShortRun, or a method of package baselines", a.Name)
	}
	if err := e.Short.Check(); err != nil {
		return e, err
	}
	e.Cost = cmp.Or(e.Cost, defaults.Cost)
	switch {
	case e.NoStiffness && e.Stiffness != 0 || e.NoScale && e.Scale != 0 || e.NoBack && e.Back != 0:
		return e, fmt.Errorf("stiffness %g, scale %g and back %g must not be set together with NoStiffness %t, NoScale %t and NoBack %t", e.Stiffness, e.Scale, e.Back, e.NoStiffness, e.NoScale, e.NoBack)
	case !(e.Back >= 0 && e.Back <= 1):
		return e, fmt.Errorf("back %g must be a share of the way to the initial parameters", e.Back)
	}
	if !e.NoScale {
		e.Scale = cmp.Or(e.Scale, defaults.LogitScale)
	}
	if !e.NoBack {
		e.Back = cmp.Or(e.Back, defaults.ErasedBack*req.share())
	}
	e.Sample = cmp.Or(e.Sample, defaults.SampleCost)
	if !(e.Strength >= 0 && e.Stiffness >= 0 && e.Sample > 0 && e.Sample < 1) || math.IsInf(e.Strength+e.Stiffness+math.Abs(e.Scale), 0) {
		return e, fmt.Errorf("strength %g, stiffness %g and sample %g must not be negative, the last between 0 and 1, and scale %g be finite", e.Strength, e.Stiffness, e.Sample, e.Scale)
	}
	return e, nil
}

// solve spends the budget of a complete e.
func (e Erase) solve(ctx context.Context, req *Request, alpha *graph.Tensor, learned learned) (*Result, error) {
	if learned.nothing() {
		return req.nothing()
	}
	s, err := e.prepare(req, alpha, learned)
	if err != nil {
		return req.Fail(err)
	}
	return s.follow(ctx, req, learned)
}

// erasure is a contraction at w_T before it is followed: what it takes, how fast it goes, and
// what is left to pay for it.
type erasure struct {
	by     Erase // complete, with its strength and stiffness
	budget *budget
	check  *check
	d      *contraction.LogitSum
	pace   pace
	usual  float64 // the default strength
}

// prepare spends the part of the budget of a complete e that estimates D and finds the steps.
func (e Erase) prepare(req *Request, alpha *graph.Tensor, learned learned) (erasure, error) {
	if e.Stiffness == 0 && !e.NoStiffness {
		e.Stiffness = defaults.Stiffness * learned.curvature
	}
	s := erasure{budget: newBudget(e.Cost * req.RetrainCost())}
	s.check = req.newCheck(s.budget, e)
	var err error
	if s.d, err = e.estimate(req, alpha, s.budget); err != nil {
		return s, err
	}
	if s.pace, err = e.pace(req, s.d, learned, s.budget); err != nil {
		return s, err
	}
	s.usual = strength(req, s.d, s.pace, learned)
	if e.Strength == 0 {
		e.Strength = s.usual
	}
	s.by = e
	return s, nil
}

// doubt returns why D is not to be believed of a random U, or nothing. D takes the others to have taught,
// too, what U taught in common with them. Where the two sums have little in common it is mostly
// the noise of both, and less of the data is too much to be taken back.
//
// And what U did to a run is not longer than its part of the way w_T − w_0: if all examples
// had moved it in directions of their own, the root of r of that, and what they have in common
// cancels in D. A D that is much longer is no sum of what was taught, which went to and fro, or
// through Jacobians that are not those of w_T.
func (s erasure) doubt(req *Request, l learned) string {
	r := req.share()
	most := l.most(req.Run) * min(1, (1+s.d.Common/defaults.RestartCommon)/2)
	if s.d.Noise < defaults.CommonNoise && r > max(defaults.CommonPart, most) {
		return fmt.Sprintf("U is %.0f%% of the data, and what it taught and what the others did have little in common: a cosine of %.2f", 100*r, s.d.Common)
	}
	way := req.Model.NewVector()
	vector.Combine(way, 1, req.Run.Params, -1, req.Run.Initial)
	if by := s.usual * vector.Norm(s.d.Sum) / (math.Sqrt(r) * vector.Norm(way)); by > defaults.TakenReach {
		return fmt.Sprintf("what U taught does not add up: it is %.1f times as long as the part of the run's way of as many examples of independent directions", by)
	}
	return ""
}

// follow follows the contraction to its end.
func (s erasure) follow(ctx context.Context, req *Request, learned learned) (*Result, error) {
	u, err := contraction.Contraction{
		Path:        contraction.Fixed{Steps: s.pace.steps, Momentum: defaults.DistilMomentum, LR: s.pace.lr},
		Disturbance: contraction.Spread{Sum: s.by.taken(req, s.d.Sum), Strength: 1, First: defaults.SpreadSteps},
		Curvature:   contraction.Distilled{Batch: s.pace.batch, Stiffness: s.by.Stiffness},
	}.Solve(ctx, req.System)
	if err != nil {
		return req.Fail(err)
	}
	if u, err = s.check.finish(u, learned); err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}

// nothing is the result where U taught nothing.
func (req *Request) nothing() (*Result, error) {
	req.Took(RouteNothing, "the run learned nothing from U: all of its logit gradients are 0")
	return req.Finish(req.Run.Params.Clone())
}

// taken is Strength·D − Back·(w_T − w_0).
func (e Erase) taken(req *Request, d *graph.Tensor) *graph.Tensor {
	sum := req.Model.NewVector()
	vector.Combine(sum, e.Strength, d, -e.Back, req.Run.Params)
	vector.AddScaled(sum, e.Back, req.Run.Initial)
	return sum
}

// sampling is how D is estimated.
var sampling = contraction.LogitSampling{Noise: defaults.SampleNoise, Stratified: defaults.SampleStratified, Least: defaults.SampleLeast}

// estimate computes D from a part of the budget.
func (e Erase) estimate(req *Request, alpha *graph.Tensor, b *budget) (*contraction.LogitSum, error) {
	// One example of D, one of the products that find the steps, and one step.
	least := 1 + contraction.SharpnessCost(1) + contraction.Distilled{Batch: 1}.Cost(1, len(req.Retain))
	if b.left() < least {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, where one example of the disturbance and one step take %.0f", ErrBudget, b.left(), math.Ceil(least))
	}
	sample := int(max(1, min(e.Sample*b.total, b.left()-least+1)))
	d, err := sampling.Estimate(req.System, alpha, sample, req.Rand(purpose.LogitSample, 0))
	if err == nil {
		b.spend(float64(d.Used))
	}
	return d, err
}

// strength is the default of Erase.Strength: what a run of such steps and of this length,
// weight decay and mean error, and a contraction that undoes so much, take of a D of this noise.
func strength(req *Request, d *contraction.LogitSum, p pace, l learned) float64 {
	decay, r := 1., req.share()
	if x := req.Run.Config.WeightDecay * req.LearningTime(); x > 0 {
		decay = x / -math.Expm1(-x)
	}
	return defaults.Strength * math.Pow(p.undone/max(p.runStep, defaults.StrengthLeast), defaults.StrengthUndone) /
		math.Pow(p.taught, defaults.StrengthTaught) * math.Pow(decay, defaults.StrengthDecay) /
		(1 + l.errors) / math.Sqrt(1+d.Noise) * (1 - r*r)
}

// learned is what the logit gradients tell of the run.
type learned struct {
	meanErrors []float64 // by example, see contraction.MeanErrors
	curvature  float64   // mean curvature of the loss along the label's logit
	errors     float64   // mean probability that examples did not give to their labels
	visited    bool      // whether any example of U was, and gave less than 1 to its label
}

// most is the share r up to which a random U is taken back. Where examples were wrong about most
// labels while the run learned, its logits are as much the mistakes that it learned by heart, and
// where the run was short, so is the contraction.
func (l learned) most(run *nets.Run) float64 {
	return defaults.RestartAbove * (1 - l.errors*l.errors/2) * max(0, 1-1/(defaults.RestartEpochs*epochs(run)))
}

// epochs is how often the run visited its examples.
func epochs(run *nets.Run) float64 {
	return float64(run.Steps) / float64(run.Order.StepsPerEpoch())
}

// nothing reports whether U taught nothing.
func (l learned) nothing() bool { return l.errors == 0 || !l.visited }

func readLearned(req *Request, alpha *graph.Tensor) learned {
	var l learned
	l.meanErrors = contraction.MeanErrors(alpha, history.LogitTimes(req.Run))
	l.curvature = contraction.LogitCurvature(l.meanErrors)
	visited := 0.
	for i, a := range l.meanErrors {
		if a > 0 {
			l.errors += a
			visited++
			l.visited = l.visited || req.Forget.Contains(i)
		}
	}
	l.errors /= max(1, visited)
	return l
}

// budget is what a request may compute, in gradient evaluations.
type budget struct{ total, spent float64 }

func newBudget(total float64) *budget { return &budget{total: total} }

func (b *budget) left() float64       { return b.total - b.spent }
func (b *budget) spend(evals float64) { b.spent += evals }

// stepsFor returns the largest number of steps of this cost that the budget pays for.
func (b *budget) stepsFor(batch int, cost func(steps int) float64) int {
	if !(b.left() > 0) {
		return 0
	}
	return sort.Search(int(b.left())/batch+1, func(t int) bool { return cost(t+1) > b.left() })
}
