package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// NoisyFineTune trains on from w_T on the retained examples, clipped and with noise
// (Koloskova, Allouah, Jha, Guerraoui and Koyejo, "Certified Unlearning for Neural
// Networks", ICML 2025, with gradient clipping), and then without:
//
//	w ← clip(w_T, C₀)
//	w ← w − γ (clip(∇L_B(w), C₁) + λ w) + N(0, σ²)     T times
//
// Its result is (ε, δ)-indistinguishable from what the same steps make of a model that
// never saw U. It assumes nothing of the model, the loss or the training. Two models
// that are at most z apart are at most ρz + 2γC₁ apart after a step without noise,
// ρ = 1 − γλ, from 2C₀ at the beginning; the noise of all steps together hides
//
//	Δ = ρ^T·2C₀ + 2γC₁ (1 + ρ + … + ρ^(T−1))
//
// as well as noise of the standard deviation σ √(1 + ρ² + … + ρ^(2(T−1))) at the end
// would, by shifting a part of the distance into each step's noise (Feldman et al.,
// FOCS 2018). The paper counts in Rényi divergences, α Δ²/(2σ² Σρ^2t), and turns these
// into ε and δ; here they are those of the Gaussian with the same divergences (Bok, Su
// and Altschuler, 2024), which needs less noise for the same. It is not pessimistic: in
// one dimension, with gradients that push two models apart, it is what happens.
//
// At a small ε little of w_T is left by then, and the steps without noise that follow,
// which cost no privacy, train nearly anew.
type NoisyFineTune struct {
	Noise
	// Cost is the budget as a share of retraining's gradient evaluations, for the steps
	// with noise and those that follow; 0 means defaults.Cost.
	Cost float64
	// Steps is T; 0 means 20. Batch is the number of retained examples a step, of both
	// kinds; 0 means an eighth of the run's, at least 16 and at most the run's.
	Steps, Batch int
	// Rate is γ; 0 means the peak rate of the run. Decay is λ; 0 means a tenth of 1/γ, so
	// that a step keeps nine tenths.
	Rate, Decay float64
	// Model is C₀. 0 means that for which the noise of all steps together is as large as
	// the initial parameters of the run. Gradient is C₁; 0 means λ·C₀, for which Δ is 2C₀
	// for any T.
	Model, Gradient float64
}

// Values that a NoisyFineTune has by default. A decay of a tenth of 1/γ is that of the
// paper's experiment with CIFAR-10, γ = 0.1 and λ = 1.
const (
	noisySteps = 20
	noisyDecay = 0.1
)

// Name implements unlearning.Method.
func (NoisyFineTune) Name() string { return "noisy-finetune" }

// History implements unlearning.Method: no record is needed.
func (NoisyFineTune) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (f NoisyFineTune) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(f, p)
	if err != nil || done != nil {
		return done, err
	}
	if f, err = f.complete(req); err != nil {
		return req.Fail(err)
	}
	seed := purpose.Seed(req.Run.Config.Seed, purpose.ShortRun, 0)
	task := &task{Request: req, from: req.Run.Params, evals: f.Cost * req.RetrainCost(), seed: seed}
	b := task.batches(req.Retain, f.Batch, purpose.Seed(seed, purpose.MixedBatches, 0))
	noisy := 0.0
	for k := range f.Steps {
		noisy += float64(b.size(k))
	}
	if noisy > task.evals {
		return req.Fail(fmt.Errorf("%w: %.0f gradient evaluations, the %d steps with noise take %.0f", unlearning.ErrBudget, task.evals, f.Steps, noisy))
	}

	w := req.Run.Params.Clone()
	clip(w, vector.Norm(w), f.Model)
	s, err := req.Model.NewStepper(0, f.Decay, w, nil)
	if err != nil {
		return req.Fail(err)
	}
	sensitivity, spread := f.reach()
	sigma := sensitivity / (f.mu() * spread)
	g, r := req.Model.NewVector(), f.draw(f.Name(), req)
	for t := range f.Steps {
		ids, view := b.next()
		err := req.Step(ctx, t, s, f.Rate, g, func(w, g *graph.Tensor) error {
			_, err := req.Model.GradientAs(view, w, req.Run.Data, ids, g)
			clip(g, vector.Norm(g), f.Gradient)
			return err
		})
		if err != nil {
			return req.Fail(err)
		}
		add(s.W, r, sigma)
	}
	u, err := f.polish(ctx, task, s.W)
	if err != nil {
		return req.Fail(err)
	}
	res, err := req.Finish(u)
	if err != nil {
		return nil, err
	}
	by := fmt.Sprintf("noisy fine-tuning (Koloskova et al., 2025), %d steps with the model clipped to %.3g, gradients to %.3g and a factor of %.3g a step, counted by Gaussian differential privacy (Bok, Su and Altschuler, 2024)",
		f.Steps, f.Model, f.Gradient, 1-f.Rate*f.Decay)
	res.Guarantee = f.guarantee(by, sensitivity, sigma)
	return res, nil
}

// complete checks f and fills in its defaults.
func (f NoisyFineTune) complete(req *unlearning.Request) (NoisyFineTune, error) {
	var err error
	if f.Noise, err = f.Noise.complete(); err != nil {
		return f, err
	}
	run := req.Run
	f.Cost = cmp.Or(f.Cost, defaults.Cost)
	f.Steps, f.Rate = cmp.Or(f.Steps, noisySteps), cmp.Or(f.Rate, peakRate(run))
	f.Decay = cmp.Or(f.Decay, noisyDecay/f.Rate)
	if f.Batch == 0 {
		f.Batch = min(run.Config.Batch, max(defaults.ShortBatchLeast, int(defaults.ShortBatch*float64(run.Config.Batch))))
	}
	f.Batch = min(f.Batch, len(req.Retain))
	if f.Model == 0 {
		// With C₁ = λC₀ it is Δ/μ = 2C₀/μ that is to be the mean size of a parameter.
		f.Model = f.mu() / 2 * vector.Norm(run.Initial) / math.Sqrt(float64(run.Initial.Len()))
	}
	f.Gradient = cmp.Or(f.Gradient, f.Decay*f.Model)
	switch {
	case !(f.Cost > 0 && f.Cost <= unlearning.MaxCost):
		return f, fmt.Errorf("cost %g must be positive, and at most %g retrainings", f.Cost, unlearning.MaxCost)
	case f.Steps < 0 || f.Batch < 0:
		return f, fmt.Errorf("%d steps of batches of %d must be positive", f.Steps, f.Batch)
	case !(f.Rate*f.Decay >= 0 && f.Rate*f.Decay <= 1):
		return f, fmt.Errorf("a rate of %g with a decay of %g: their product must be at most 1, for a step to bring models together", f.Rate, f.Decay)
	}
	for _, v := range []float64{f.Rate, f.Model, f.Gradient} {
		if !(v > 0) || math.IsInf(v, 0) {
			return f, fmt.Errorf("rate %g, model clip %g and gradient clip %g must be positive and finite", f.Rate, f.Model, f.Gradient)
		}
	}
	return f, nil
}

// reach returns Δ, and √Σρ^2t, by how much more than in one step the noise of all steps
// together spreads.
func (f NoisyFineTune) reach() (sensitivity, spread float64) {
	rho := 1 - f.Rate*f.Decay
	sensitivity = 2 * f.Model
	for range f.Steps {
		sensitivity = rho*sensitivity + 2*f.Rate*f.Gradient
		spread = rho*rho*spread + 1
	}
	return sensitivity, math.Sqrt(spread)
}

// polish spends what is left of the budget on steps without noise.
func (f NoisyFineTune) polish(ctx context.Context, t *task, w *graph.Tensor) (*graph.Tensor, error) {
	b := t.batches(t.Retain, f.Batch, 0)
	left, steps := t.left(), 0
	for left -= float64(b.size(0)); left >= 0; left -= float64(b.size(steps)) {
		steps++
	}
	if steps == 0 {
		return w, nil
	}
	cfg := t.Run.Config
	perExample := peakRate(t.Run) / (1 - cfg.Momentum) / float64(min(cfg.Batch, t.Run.Data.Len()))
	run, err := t.Model.Train(ctx, t.Run.Data, nets.Config{
		From: w, Only: t.Retain, Steps: steps, Batch: f.Batch, Seed: t.seed,
		LR:       nets.CosineRate{Peak: defaults.TrainingRate * perExample * float64(f.Batch) * (1 - defaults.TrainingMomentum), Warmup: defaults.Warmup},
		Momentum: defaults.TrainingMomentum, WeightDecay: cfg.WeightDecay, Augment: cfg.Augment,
	})
	if err != nil {
		return nil, err
	}
	return run.Params, nil
}
