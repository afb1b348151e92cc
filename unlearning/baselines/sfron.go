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
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// SFRon climbs the loss of U now and then while it trains on on retained examples, in
// the parameters that matter to U (Huang et al., Unified Gradient-Based Machine
// Unlearning with Remain Geometry Enhancement, NeurIPS 2024, algorithm 1). One step in
// Every is preceded by one along
//
//	−α_t m ⊙ Σ_i ε_i ∇ℓ_i / Σ_i ε_i over a batch of U,   ε_i = ℓ_i^−Lambda,
//
// clipped to a norm of Clip, with α_t a cosine from Alpha to 0, and with m_j = 1 where
// the Fisher information of U is Gamma times that of the retained examples or more.
// Examples that are forgotten already count less, and the steps on retained examples
// in between repair: together they stand for a step in the geometry of those.
//
// The Fisher informations are mean squares of the gradients of single examples, that of
// the retained ones from a sample as large as U, where the authors' code squares
// gradients of batches of all. It needs no record. It costs a gradient for each example
// of U and of the sample, and a step its batch; of U a third more, for ε.
type SFRon struct {
	Steps
	Alpha  float64 // 0 means 25
	Every  int     // 0 means 5
	Lambda float64 // 0 means a half
	Gamma  float64 // 0 means 1
	Clip   float64 // 0 means 7
}

// Hyperparameters as published for a tenth of CIFAR-10; the rate is 0.01 of training's
// 0.1.
const (
	sfronAlpha  = 25
	sfronEvery  = 5
	sfronLambda = 0.5
	sfronGamma  = 1
	sfronClip   = 7
	sfronRate   = 0.1
)

// Name implements unlearning.Method.
func (SFRon) Name() string { return "sfr-on" }

// History implements unlearning.Method: no record is needed.
func (SFRon) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (s SFRon) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, s, p)
}

func (s SFRon) steps() Steps { return s.Steps }

func (s SFRon) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	s.Alpha, s.Every, s.Lambda = cmp.Or(s.Alpha, sfronAlpha), cmp.Or(s.Every, sfronEvery), cmp.Or(s.Lambda, sfronLambda)
	s.Gamma, s.Clip = cmp.Or(s.Gamma, sfronGamma), cmp.Or(s.Clip, sfronClip)
	if !(s.Alpha > 0 && s.Lambda > 0 && s.Gamma > 0 && s.Clip > 0) || math.IsInf(s.Alpha+s.Lambda, 0) || s.Every < 1 {
		return nil, fmt.Errorf("alpha %g, every %d, lambda %g, gamma %g and clip %g must be positive", s.Alpha, s.Every, s.Lambda, s.Gamma, s.Clip)
	}
	if a := t.Model.Arch(); a.Loss != nil {
		return nil, fmt.Errorf("%s has a loss of its own, of which examples' parts cannot be told from logits", a.Name)
	}
	b := t.batch(s.Steps, len(t.Retain))
	retain := t.batches(t.Retain, b, t.seed)
	climb := t.batches(t.examples, b, purpose.Seed(t.seed, purpose.ForgetBatches, 0))
	still, err := t.unsalient(ctx, s.Gamma)
	if err != nil {
		return nil, err
	}
	steps, err := t.stepsWithin(func(k int) float64 {
		cost := float64(retain.size(k))
		if k%s.Every == 0 {
			cost += float64(climb.size(k/s.Every)) * 4 / 3
		}
		return cost
	})
	if err != nil {
		return nil, err
	}
	w, err := t.walk(s.Steps, sfronRate, t.from, steps+(steps-1)/s.Every+1, b)
	if err != nil {
		return nil, err
	}
	for k := range steps {
		if k%s.Every == 0 {
			ids, view := climb.next()
			alpha := s.Alpha * (1 + math.Cos(math.Pi*float64(k)/float64(steps))) / 2
			weights, err := t.adaptive(w.W, view, ids, s.Lambda, -alpha)
			if err != nil {
				return nil, err
			}
			w.adjust = func(_, g *graph.Tensor) {
				for _, i := range still {
					g.Set(i, 0)
				}
				if norm := vector.Norm(g); norm > s.Clip {
					vector.Combine(g, s.Clip/norm, g, 0, g)
				}
			}
			err = w.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view, Weights: weights})
			if w.adjust = nil; err != nil {
				return nil, err
			}
		}
		ids, view := retain.next()
		if err := w.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view}); err != nil {
			return nil, err
		}
	}
	return w.W, nil
}

// unsalient returns the parameters whose Fisher information over the task's examples is
// less than gamma times that over retained ones.
func (t *task) unsalient(ctx context.Context, gamma float64) (still []int, err error) {
	forgotten, like, err := t.contrast()
	if err != nil {
		return nil, err
	}
	ofForget, err := t.fisher(ctx, forgotten)
	if err != nil {
		return nil, err
	}
	ofOthers, err := t.fisher(ctx, like)
	if err != nil {
		return nil, err
	}
	for i, f := range ofForget {
		if f < gamma*ofOthers[i] {
			still = append(still, i)
		}
	}
	return still, nil
}

// adaptive returns weights of examples in proportion to a negative power of their losses
// at w, that add up to a sum.
func (t *task) adaptive(w *graph.Tensor, view nets.View, ids []int, lambda, sum float64) ([]float64, error) {
	const least = 1e-15 // a loss, in the authors' code
	k := t.Model.Arch().Classes
	z := make([]float64, len(ids)*k)
	if err := t.Model.LogitsAs(view, w, t.Run.Data, ids, z); err != nil {
		return nil, err
	}
	weights, total := make([]float64, len(ids)), 0.0
	for i, id := range ids {
		loss := crossEntropy(z[i*k:][:k], int(t.Run.Data.Y[id]))
		weights[i] = 1 / (math.Pow(loss, lambda) + least)
		total += weights[i]
	}
	for i := range weights {
		weights[i] *= sum / total
	}
	return weights, nil
}

// crossEntropy returns log Σ exp z − z_y, which is never below zero.
func crossEntropy(z []float64, y int) float64 {
	var sum float64
	for c, v := range z {
		if c != y {
			sum += math.Exp(v - z[y])
		}
	}
	return math.Log1p(sum)
}
