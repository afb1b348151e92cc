package attacks

import (
	"context"
	"fmt"
	"math"
	"sort"
)

// RMIA is the relative membership inference attack (Zarifzadeh, Liu & Shokri,
// "Low-Cost High-Power Membership Inference Attacks", ICML 2024). With
// r_x = p(x)/p̄(x), the target's probability over the reference models' mean,
// the score of x is the share of population examples z with r_x ≥ Gamma·r_z.
//
// Online, p̄ = ½(p̄_in + p̄_out). Offline, p̄ = ½((1+OfflineA)·p̄_out + 1 − OfflineA)
// extrapolates from the models that never saw x (eq. 8 there). All ratios are
// kept as logarithms.
//
// The zero value has the paper's Gamma, 2, and its OfflineA for CIFAR-10, 0.3 (0.6
// for CIFAR-100, 0.2 for Purchase-100). The authors' script, Privacy Meter's
// modules/mia/attacks/rmia.py, uses Gamma 1 with r_x > r_z for every data set, and
// finds OfflineA as TuneOfflineA does.
//
// The population's ratios are sorted once: n targets and m population examples
// cost O((n+m) log m). Scores are multiples of 1/m, so ties are common.
type RMIA struct {
	Gamma    float64 // ≥ 1; 0 means 2
	Offline  bool
	OfflineA float64 // in (0, 1]; 0 means 0.3
	// Population are the positions of the examples z for the attack as an Attack;
	// nil means all, as for an attacker who knows of none whether it was trained on.
	Population []int
}

// Name implements Attack.
func (r RMIA) Name() string {
	if r.Offline {
		return "rmia-offline"
	}
	return "rmia"
}

// Learn implements Attack. The signals are logit gaps, which it turns into log
// probabilities. In and Out are the game's positive and negative state.
func (r RMIA) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	positive, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	population := r.Population
	if population == nil {
		population = make([]int, s.Examples)
		for e := range population {
			population[e] = e
		}
	}
	for i, e := range population {
		if e < 0 || e >= s.Examples {
			return nil, &ValueError{Op: "RMIA", Arg: "Population", Index: i, Value: float64(e), Err: ErrRange}
		}
	}
	reference, err := r.reference(logProbabilities(s.Signal), s, positive, negative, false)
	if err != nil {
		return nil, err
	}
	examples, augs := s.Examples, s.augs()
	return ScorerFunc(func(a Answers) ([]float64, error) {
		if err := a.check("RMIA", examples, augs); err != nil {
			return nil, err
		}
		x := ratios(logProbabilities(a.Signal), reference, augs)
		z := make([]float64, len(population))
		for i, e := range population {
			z[i] = x[e]
		}
		return r.Compare(x, z)
	}), nil
}

// logProbabilities turns logit gaps into log p_y.
func logProbabilities(gaps []float64) []float64 {
	out := make([]float64, len(gaps))
	for i, v := range gaps {
		out[i] = -softplus(-v)
	}
	return out
}

// TuneOfflineA returns the OfflineA among 0, 0.1, …, 1 with the best AUC, the mean
// over all models of s, each attacked with the others as its references: the
// authors' rule, which attacks one model. Every example must be Out in two models.
// At 0 the choice is 1e-9, since 0 stands for the default.
func TuneOfflineA(ctx context.Context, s *Shadows) (float64, error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	if s.Models < 3 {
		return 0, failf("TuneOfflineA", ErrTooFewShadows, "%d models; 3 would do", s.Models)
	}
	best, choice := -1.0, 0.0
	for i := range 11 {
		a := max(float64(i)/10, 1e-9)
		total := 0.0
		for m := range s.Models {
			if err := ctx.Err(); err != nil {
				return 0, fmt.Errorf("attacks: TuneOfflineA: %w", err)
			}
			others := s.pick(func(k int) bool { return k != m })
			target := s.pick(func(k int) bool { return k == m })
			g, err := Play(ctx, RMIA{Offline: true, OfflineA: a}, others, target, Membership)
			if err != nil {
				return 0, err
			}
			auc, err := AUC(g.Positive, g.Negative)
			if err != nil {
				return 0, err
			}
			total += auc
		}
		if total > best {
			best, choice = total, a
		}
	}
	return choice, nil
}

// LogRatios returns log r_x per example from log-probabilities (SignalLoss)
// of the target, [Examples, Augs] averaged over augmentations in p.
// A pool of population examples, which no model was trained on, has no In
// models: for it online uses p̄ = p̄_out.
func (r RMIA) LogRatios(s *Shadows, target []float64) ([]float64, error) {
	return r.logRatios(s, target, false)
}

func (r RMIA) logRatios(s *Shadows, target []float64, population bool) ([]float64, error) {
	const op = "RMIA"
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := s.checkTarget(op, target); err != nil {
		return nil, err
	}
	for i, v := range target {
		if v > 0 {
			return nil, &ValueError{Op: op, Arg: "target", Index: i, Value: v, Err: ErrRange}
		}
	}
	for i, v := range s.Signal {
		if v > 0 {
			return nil, &ValueError{Op: op, Arg: "Signal", Index: i, Value: v, Err: ErrRange}
		}
	}
	reference, err := r.reference(s.Signal, s, In, Out, population)
	if err != nil {
		return nil, err
	}
	return ratios(target, reference, s.augs()), nil
}

// ratios are log p(x) − log p̄(x), p averaged over augmentations.
func ratios(target, reference []float64, augs int) []float64 {
	out := make([]float64, len(reference))
	for e := range out {
		out[e] = logMeanExp(target[e*augs:(e+1)*augs]) - reference[e]
	}
	return out
}

// reference returns log p̄ of each example from log probabilities laid out as
// s.Signal. A population's examples need no positive models.
func (r RMIA) reference(logP []float64, s *Shadows, positive, negative State, population bool) ([]float64, error) {
	const op = "RMIA"
	offlineA := orDefault(r.OfflineA, 0.3)
	if !(offlineA >= 0 && offlineA <= 1) {
		return nil, &ValueError{Op: op, Arg: "OfflineA", Index: -1, Value: r.OfflineA, Err: ErrRange}
	}
	a := s.augs()
	out := make([]float64, s.Examples)
	var in, never []float64
	for e := range out {
		in, never = in[:0], never[:0]
		for m := range s.Models {
			p := logP[(m*s.Examples+e)*a : (m*s.Examples+e+1)*a]
			switch s.state(m, e) {
			case positive:
				in = append(in, p...)
			case negative:
				never = append(never, p...)
			}
		}
		if len(never) == 0 {
			return nil, failf(op, ErrTooFewShadows, "example %d is never %q; one model would do", e, negative)
		}
		out[e] = logMeanExp(never)
		switch {
		case r.Offline:
			out[e] = logMeanExp([]float64{math.Log1p(offlineA) + out[e], math.Log1p(-offlineA)})
		case len(in) > 0:
			out[e] = logMeanExp([]float64{logMeanExp(in), out[e]})
		case !population:
			return nil, failf(op, ErrTooFewShadows, "example %d is never %q; use Offline, or one such model", e, positive)
		}
	}
	return out, nil
}

// Scores returns the score of each target example in [0, 1]. The population is
// a second pool with its own shadow signals, disjoint from every training set.
// If all ratios are equal every score is 0 (Gamma > 1) and the AUC is ½.
func (r RMIA) Scores(s *Shadows, target []float64, population *Shadows, popTarget []float64) ([]float64, error) {
	x, err := r.LogRatios(s, target)
	if err != nil {
		return nil, err
	}
	z, err := r.logRatios(population, popTarget, true)
	if err != nil {
		return nil, failWrap("population", err)
	}
	return r.Compare(x, z)
}

// Compare returns for each log ratio x the share of population log ratios z
// with x − log Gamma ≥ z.
func (r RMIA) Compare(x, z []float64) ([]float64, error) {
	const op = "RMIA"
	gamma := orDefault(r.Gamma, 2)
	if !(gamma >= 1) || math.IsInf(gamma, 1) {
		return nil, &ValueError{Op: op, Arg: "Gamma", Index: -1, Value: gamma, Err: ErrRange}
	}
	if err := checkScores(op, "x", x); err != nil {
		return nil, err
	}
	if err := checkScores(op, "population", z); err != nil {
		return nil, err
	}
	pop := sorted(z)
	out := make([]float64, len(x))
	for i, v := range x {
		v -= math.Log(gamma)
		at := sort.Search(len(pop), func(k int) bool { return pop[k] > v })
		out[i] = float64(at) / float64(len(pop))
	}
	return out, nil
}

// logMeanExp is log of the mean of exp x.
func logMeanExp(x []float64) float64 {
	return logSumExpExcept(x, -1) - math.Log(float64(len(x)))
}
