package attacks

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Game names the two states an attack tells apart.
type Game int

// The games. In each, larger scores speak for the first state.
const (
	// Membership is In against Out: the usual membership inference.
	Membership Game = iota
	// Privacy is Forgotten against Out: does the unlearned model still betray
	// that it once saw the example? Perfect unlearning gives ½.
	Privacy
	// Efficacy is In against Forgotten: did forgetting change the answer at
	// all? Doing nothing gives ½; perfect unlearning gives the value of
	// Membership.
	Efficacy
)

// String returns "membership", "privacy" or "efficacy".
func (g Game) String() string {
	switch g {
	case Membership:
		return "membership"
	case Privacy:
		return "privacy"
	case Efficacy:
		return "efficacy"
	}
	return fmt.Sprintf("Game(%d)", int(g))
}

// States returns the positive and the negative state.
func (g Game) States() (positive, negative State, err error) {
	switch g {
	case Membership:
		return In, Out, nil
	case Privacy:
		return Forgotten, Out, nil
	case Efficacy:
		return In, Forgotten, nil
	}
	return 0, 0, failf("Game", ErrRange, "unknown game %d", int(g))
}

// Fit is how a distribution is fitted to an example's few shadow signals.
type Fit int

// The fits. n is the number of models of the state, s² their variance on the
// example, σ² the residual variance pooled over all examples of that state.
const (
	PerExample Fit = iota // Gaussian, s²; needs n ≥ 2, wants dozens
	Pooled                // Gaussian, σ², each state its own
	Shrunk                // Gaussian, (ν₀σ² + (n−1)s²)/(ν₀ + n − 1)
	StudentT              // posterior predictive t, for 2 to 8 models
)

// String names the fit.
func (f Fit) String() string {
	switch f {
	case PerExample:
		return "per-example"
	case Pooled:
		return "pooled"
	case Shrunk:
		return "shrunk"
	case StudentT:
		return "student-t"
	}
	return fmt.Sprintf("Fit(%d)", int(f))
}

// LiRA is the likelihood-ratio attack (Carlini et al., "Membership Inference Attacks
// From First Principles", S&P 2022, algorithm 1): per example it fits the signal
// under both states of the game and scores
//
//	log p(φ | positive) − log p(φ | negative)
//
// averaged over augmentations. Offline it uses the negative state alone and
// scores −log P(Z ≥ φ) = −log Φ((μ−φ)/σ). The signal should be SignalLogitGap,
// which is close to Gaussian over models. In the game Privacy it is the attack of
// U-LiRA.
//
// The likelihood ratio is two-sided by itself: a forgotten example pushed
// below the never-seen ones is as conspicuous as one left above them. The
// offline score is not.
//
// StudentT integrates a Gaussian over a normal-inverse-gamma posterior with a
// flat mean and a variance prior worth Prior models of pooled variance: a t
// with Prior+n−1 degrees of freedom, location the mean and squared scale
// s²_shrunk(1+1/n).
//
// # The authors' script
//
// The paper's algorithm takes means and unbiased variances; the authors' script
// (tensorflow/privacy, research/mi_lira_2021/plot.py) does not. Published gives
// the script's form: the median for the mean; the variance with n for n−1; each
// example's first k models of a state, k the fewest that any example has; offline,
// −log p(φ | negative), which is two-sided; and with the fit Pooled, its
// fix_variance, one variance of all signals of a state about their common mean.
// The script takes the variance of In for Out there, which is a slip: here each
// state has its own. The fits Shrunk and StudentT have no published form.
type LiRA struct {
	Offline   bool
	Fit       Fit
	Prior     float64 // ν₀ of Shrunk and StudentT; 0 means 4
	Published bool    // the authors' script in place of the paper's algorithm
}

// Name implements Attack.
func (l LiRA) Name() string {
	name := "lira"
	if l.Offline {
		name += "-offline"
	}
	if l.Published {
		name += "-published"
	}
	return name
}

// Learn implements Attack. Errors wrap ErrTooFewShadows (naming the example, the
// state, and how many models would do), ErrShape, ErrNotFinite, ErrRange.
//
// A variance of zero, PerExample's for an example that varies in no model of a
// state, is replaced by a tiny one that both states share: where neither
// varies, equal means score 0 and others a large number. The other fits have
// such variances only if no example varies at all.
func (l LiRA) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	return l.fit("LiRA", s, game)
}

// Direction is LiRA's signed part: the score is (φ − μ)/σ of the game's negative
// state. In the game Privacy an AUC above ½ says that forgotten examples look
// trained on, and below ½ that they look worse than never seen.
type Direction struct {
	Fit   Fit
	Prior float64 // as LiRA's
}

// Name implements Attack.
func (Direction) Name() string { return "direction" }

// Learn implements Attack.
func (d Direction) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	f, err := LiRA{Fit: d.Fit, Prior: d.Prior, Offline: true}.fit("Direction", s, game)
	if err != nil {
		return nil, err
	}
	return ScorerFunc(f.standardised), nil
}

// fitted holds the distributions of every (example, augmentation).
type fitted struct {
	op        string
	examples  int
	augs      int
	pos, neg  []location // pos nil when offline
	published bool
}

func (l LiRA) fit(op string, s *Shadows, game Game) (*fitted, error) {
	positive, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	if l.Fit < PerExample || l.Fit > StudentT {
		return nil, failf(op, ErrRange, "unknown fit %d", int(l.Fit))
	}
	if l.Published && l.Fit > Pooled {
		return nil, failf(op, ErrRange, "the authors' script has no fit %v; take per-example or pooled", l.Fit)
	}
	if l.Prior = orDefault(l.Prior, 4); !(l.Prior > 0) || math.IsInf(l.Prior, 1) {
		return nil, &ValueError{Op: op, Arg: "Prior", Index: -1, Value: l.Prior, Err: ErrRange}
	}
	f := &fitted{op: op, examples: s.Examples, augs: s.augs(), published: l.Published}
	var pos, neg *moments
	if neg, err = l.moments(op, s, negative); err != nil {
		return nil, err
	}
	if !l.Offline {
		if pos, err = l.moments(op, s, positive); err != nil {
			return nil, err
		}
	}
	if l.Published {
		f.neg = publishedFit(s, negative, neg.n, l.Fit)
		if pos != nil {
			f.pos = publishedFit(s, positive, pos.n, l.Fit)
		}
		return f, nil
	}
	// Far below what varying signals have, and the same for both states: two
	// floors would find a difference where an example varies in neither.
	least := neg.pooled
	if pos != nil {
		least = min(least, pos.pooled)
	}
	floor := max(1e-6*least, 1e-18)
	f.neg = l.locations(neg, f.augs, floor)
	if pos != nil {
		f.pos = l.locations(pos, f.augs, floor)
	}
	return f, nil
}

// moments are those of a state, which must have models enough for the fit.
func (l LiRA) moments(op string, s *Shadows, st State) (*moments, error) {
	m := s.momentsOf(st)
	least := 1
	if l.Fit == PerExample {
		least = 2
	}
	if err := m.require(op, st, least); err != nil {
		return nil, err
	}
	if m.dof == 0 {
		return nil, failf(op, ErrTooFewShadows, "no example is %q in two models, so no variance can be pooled; 2 would do", st)
	}
	return m, nil
}

// Score implements Scorer: the mean over augmentations.
func (f *fitted) Score(a Answers) ([]float64, error) {
	if err := a.check(f.op, f.examples, f.augs); err != nil {
		return nil, err
	}
	out := make([]float64, f.examples)
	for e := range out {
		sum := 0.0
		for j := e * f.augs; j < (e+1)*f.augs; j++ {
			switch v := a.Signal[j]; {
			case f.pos != nil:
				sum += f.pos[j].logPDF(v) - f.neg[j].logPDF(v)
			case f.published:
				sum -= f.neg[j].logPDF(v)
			default:
				sum -= f.neg[j].logAbove(v)
			}
		}
		out[e] = sum / float64(f.augs)
	}
	return out, nil
}

// standardised scores (φ − μ)/σ of the negative state, averaged over
// augmentations.
func (f *fitted) standardised(a Answers) ([]float64, error) {
	if err := a.check(f.op, f.examples, f.augs); err != nil {
		return nil, err
	}
	out := make([]float64, f.examples)
	for e := range out {
		for j := e * f.augs; j < (e+1)*f.augs; j++ {
			out[e] += (a.Signal[j] - f.neg[j].mean) / f.neg[j].scale / float64(f.augs)
		}
	}
	return out, nil
}

// locations builds the fitted distributions.
func (l LiRA) locations(m *moments, augs int, floor float64) []location {
	out := make([]location, len(m.mean))
	for j := range out {
		n, nu := float64(m.n[j/augs]), l.Prior
		shrunk := (nu*m.pooled + m.m2[j]) / (nu + n - 1)
		v := 0.0
		d := location{mean: m.mean[j]}
		switch l.Fit {
		case PerExample:
			v = m.m2[j] / (n - 1)
		case Pooled:
			v = m.pooled
		case Shrunk:
			v = shrunk
		case StudentT:
			v, d.dof = shrunk*(1+1/n), nu+n-1
		}
		d.scale = math.Sqrt(max(v, floor))
		out[j] = d
	}
	return out
}

// publishedFit is the authors' script's: medians, and variances with n.
func publishedFit(s *Shadows, st State, models []int, fit Fit) []location {
	a, first := s.augs(), slices.Min(models)
	values := make([][]float64, s.Examples*a)
	for m := range s.Models {
		for e := range s.Examples {
			if s.state(m, e) != st || len(values[e*a]) == first {
				continue
			}
			for j := e * a; j < (e+1)*a; j++ {
				values[j] = append(values[j], s.row(m)[j])
			}
		}
	}
	deviation := func(x []float64) float64 {
		n := float64(len(x))
		if n < 2 {
			return 1e-30
		}
		return math.Sqrt(variance(x)*(n-1)/n) + 1e-30
	}
	common := 0.0
	if fit == Pooled {
		var all []float64
		for _, x := range values {
			all = append(all, x...)
		}
		common = deviation(all)
	}
	out := make([]location, len(values))
	for j, x := range values {
		out[j] = location{mean: quantile(sorted(x), 0.5), scale: common}
		if fit != Pooled {
			out[j].scale = deviation(x)
		}
	}
	return out
}
