package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// NoisyDescent is Descent-to-Delete with its noise (Neel, Roth and Sharifi-Malvajerdi,
// ALT 2021): full steps of gradient descent on the retained objective from w_T, and
// then Gaussian noise. Its result is (ε, δ)-indistinguishable from what the same steps
// make of a retrained model. It is for logistic regression with weight decay λ.
//
// With examples of a norm of at most B, the bias's 1 included, gradients of the loss
// are at most L = √2·B and curvatures at most B²/2, so that a step at the paper's rate
// 2/(M+m), between m = λ and M = B²/2 + λ, brings any two models together by
// (M−m)/(M+m). I steps leave
//
//	Δ = ((M−m)/(M+m))^I · min(2R, D)
//
// between the two results: R is the radius of a ball around 0 which holds the minimisers,
// and to which w_T is projected first; D is how far retraining without U can be from the
// run. The paper has D for a training that has converged, and one example. Here it is
// the sum of what U can have done in each step t of a run by plain SGD, brought
// together by what the steps since then leave: of k_t of the b_t examples of its batch
//
//	D ← max(|1 − η_t m|, |1 − η_t M|)·D + η_t (k_t/b_t)·2L
//
// which is about |U|/n · 2L/λ for a long run. Where nothing is known of it (a run with
// momentum, or one that has been made to forget before) 2R is taken, which holds
// whatever the training was.
type NoisyDescent struct {
	Noise
	Cost float64 // share of retraining's gradient evaluations; 0 means defaults.Cost
	// Norm is B, which has to be known without looking at the examples; 0 means √(d+1),
	// for d features between −1 and 1. An example with a larger norm is an error.
	Norm float64
}

// Name implements unlearning.Method.
func (NoisyDescent) Name() string { return "noisy-descent" }

// History implements unlearning.Method: no record is needed.
func (NoisyDescent) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (d NoisyDescent) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	if d.Noise, err = d.Noise.complete(); err != nil {
		return req.Fail(err)
	}
	o, err := d.objective(req)
	if err != nil {
		return req.Fail(err)
	}
	d.Cost = cmp.Or(d.Cost, defaults.Cost)
	if !(d.Cost > 0 && d.Cost <= unlearning.MaxCost) {
		return req.Fail(fmt.Errorf("cost %g must be positive, and at most %g retrainings", d.Cost, unlearning.MaxCost))
	}
	n := float64(len(req.Retain))
	steps := int(d.Cost * req.RetrainCost() / n)
	if steps < 1 {
		return req.Fail(fmt.Errorf("%w: %.0f gradient evaluations, a step takes %.0f", unlearning.ErrBudget, d.Cost*req.RetrainCost(), n))
	}

	apart, known := o.drift(req)
	apart = min(apart, 2*o.radius)
	sensitivity := math.Pow((o.smooth-o.convex)/(o.smooth+o.convex), float64(steps)) * apart
	sigma := sensitivity / d.mu()

	w := req.Run.Params.Clone()
	clip(w, vector.Norm(w), o.radius)
	s, err := req.Model.NewStepper(0, o.convex, w, nil)
	if err != nil {
		return req.Fail(err)
	}
	g := req.Model.NewVector()
	for t := range steps {
		err := req.Step(ctx, t, s, 2/(o.smooth+o.convex), g, func(w, g *graph.Tensor) error {
			_, err := req.Model.Gradient(w, req.Run.Data, req.Retain, g)
			return err
		})
		if err != nil {
			return req.Fail(err)
		}
	}
	add(s.W, d.draw(d.Name(), req), sigma)
	res, err := req.Finish(s.W)
	if err != nil {
		return nil, err
	}
	assumes := []string{fmt.Sprintf("no example of anybody has a norm above %.4g, the bias's 1 included: those of the run have not", o.norm)}
	if known {
		assumes = append(assumes, "the retrained model begins where the run began and follows the recorded order without the forgotten examples")
	}
	by := fmt.Sprintf("Descent-to-Delete (Neel, Roth and Sharifi-Malvajerdi, 2021), %d steps from models at most %.3g apart; noise by Balle and Wang (2018)", steps, apart)
	res.Guarantee = d.guarantee(by, sensitivity, sigma, assumes...)
	return res, nil
}

// objective is what is known of a retained objective before looking at it.
type objective struct {
	norm           float64 // B
	lipschitz      float64 // L, of the loss of an example
	convex, smooth float64 // m and M
	radius         float64 // R
}

// objective checks that the bounds of logistic regression hold.
func (d NoisyDescent) objective(req *unlearning.Request) (objective, error) {
	cfg, arch, ds := req.Run.Config, req.Model.Arch(), req.Run.Data
	switch {
	case !arch.Convex || arch.Name != "logistic" && !strings.HasPrefix(arch.Name, "mlp:"):
		return objective{}, fmt.Errorf("its bounds are those of logistic regression, and %s is something else; NoisyFineTune is for any model", arch.Name)
	case !(cfg.WeightDecay > 0):
		return objective{}, fmt.Errorf("without weight decay the objective is not strongly convex: nothing brings two models together")
	case cfg.Augment != (nets.Augment{}):
		return objective{}, fmt.Errorf("the objective of augmented examples is none that full steps can take")
	case !(d.Norm >= 0) || math.IsInf(d.Norm, 0):
		return objective{}, fmt.Errorf("norm %g must be positive and finite", d.Norm)
	}
	o := objective{norm: cmp.Or(d.Norm, math.Sqrt(float64(ds.Features()+1))), convex: cfg.WeightDecay}
	for i := range ds.Len() {
		squares := 1.0
		for _, v := range ds.Row(i) {
			squares += float64(v) * float64(v)
		}
		if math.Sqrt(squares) > o.norm {
			return objective{}, fmt.Errorf("example %s has the norm %.4g, the bias's 1 included, above %.4g; scale features by numbers that do not depend on the examples, or set Norm", ds.Key(i), math.Sqrt(squares), o.norm)
		}
	}
	o.lipschitz = math.Sqrt2 * o.norm
	o.smooth = o.norm*o.norm/2 + o.convex
	// The minimiser w has λw = −∇L(w), and λ/2 ‖w‖² ≤ its objective ≤ that of 0, log K.
	o.radius = min(o.lipschitz/o.convex, math.Sqrt(2*math.Log(float64(arch.Classes))/o.convex))
	return o, nil
}

// drift returns D, infinite where it is not known.
func (o objective) drift(req *unlearning.Request) (apart float64, known bool) {
	cfg := req.Run.Config
	if cfg.Momentum != 0 || req.Run.Order.Holes != (data.Holes{}) {
		return math.Inf(1), false
	}
	for t, batch := range req.Run.Order.Steps(0, req.Run.Steps) {
		k, eta := req.Forget.Count(batch), req.Rate(t)
		if k == len(batch) { // retraining leaves this step out
			return math.Inf(1), false
		}
		keeps := max(math.Abs(1-eta*o.convex), math.Abs(1-eta*o.smooth))
		apart = keeps*apart + eta*float64(k)/float64(len(batch))*2*o.lipschitz
	}
	return apart, apart < 2*o.radius
}
