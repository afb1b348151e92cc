package attacks

import (
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
// The population's ratios are sorted once: n targets and m population examples
// cost O((n+m) log m). Scores are multiples of 1/m, so ties are common.
type RMIA struct {
	Gamma    float64 // ≥ 1; 0 means 2
	Offline  bool
	OfflineA float64 // in [0, 1]; 0 is a legal value, 0.3 the paper's for CIFAR-10
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
	if !(r.OfflineA >= 0 && r.OfflineA <= 1) {
		return nil, &ValueError{Op: op, Arg: "OfflineA", Index: -1, Value: r.OfflineA, Err: ErrRange}
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
	a := s.augs()
	out := make([]float64, s.Examples)
	var in, never []float64
	for e := range out {
		in, never = in[:0], never[:0]
		for m := range s.Models {
			p := s.row(m)[e*a : (e+1)*a]
			switch s.state(m, e) {
			case In:
				in = append(in, p...)
			case Out:
				never = append(never, p...)
			}
		}
		if len(never) == 0 {
			return nil, failf(op, ErrTooFewShadows, "example %d is never %q", e, Out)
		}
		ref := logMeanExp(never)
		switch {
		case r.Offline:
			ref = logMeanExp([]float64{math.Log1p(r.OfflineA) + ref, math.Log1p(-r.OfflineA)})
		case len(in) > 0:
			ref = logMeanExp([]float64{logMeanExp(in), ref})
		case !population:
			return nil, failf(op, ErrTooFewShadows, "example %d is never %q; use Offline", e, In)
		}
		out[e] = logMeanExp(target[e*a:(e+1)*a]) - ref
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
