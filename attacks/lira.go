package attacks

import (
	"fmt"
	"math"
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

// LiRA is the likelihood-ratio attack (Carlini et al., S&P 2022, algorithm 1):
// per example it fits the signal under both states of the game and scores
//
//	log p(φ | positive) − log p(φ | negative)
//
// averaged over augmentations. Offline it uses the negative state alone and
// scores −log P(Z ≥ φ) = −log Φ((μ−φ)/σ). The signal should be SignalLogitGap,
// which is close to Gaussian over models.
//
// The likelihood ratio is two-sided by itself: a forgotten example pushed
// below the never-seen ones is as conspicuous as one left above them. The
// offline score is not.
//
// StudentT integrates a Gaussian over a normal-inverse-gamma posterior with a
// flat mean and a variance prior worth Prior models of pooled variance: a t
// with Prior+n−1 degrees of freedom, location the mean and squared scale
// s²_shrunk(1+1/n).
type LiRA struct {
	Game    Game
	Offline bool
	Fit     Fit
	Prior   float64 // ν₀ of Shrunk and StudentT; 0 means 4
}

// Scores attacks one target model whose signals are target, row-major
// [Examples, Augs]. Errors wrap ErrTooFewShadows (naming the example and the
// state), ErrShape, ErrNotFinite, ErrRange.
//
// A variance of zero, PerExample's for an example that varies in no model of a
// state, is replaced by a tiny one that both states share: where neither
// varies, equal means score 0 and others a large number. The other fits have
// such variances only if no example varies at all.
func (l LiRA) Scores(s *Shadows, target []float64) ([]float64, error) {
	const op = "LiRA"
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if err := s.checkTarget(op, target); err != nil {
		return nil, err
	}
	a, err := l.fit(op, s)
	if err != nil {
		return nil, err
	}
	return a.score(target), nil
}

// fitted is an attack ready to score models.
type fitted struct {
	cfg      LiRA
	augs     int
	pos, neg *moments // pos nil when offline
	floor    float64  // of variances, in both states
}

func (l LiRA) fit(op string, s *Shadows) (*fitted, error) {
	positive, negative, err := l.Game.States()
	if err != nil {
		return nil, err
	}
	if l.Fit < PerExample || l.Fit > StudentT {
		return nil, failf(op, ErrRange, "unknown fit %d", int(l.Fit))
	}
	if l.Prior = orDefault(l.Prior, 4); !(l.Prior > 0) || math.IsInf(l.Prior, 1) {
		return nil, &ValueError{Op: op, Arg: "Prior", Index: -1, Value: l.Prior, Err: ErrRange}
	}
	f := &fitted{cfg: l, augs: s.augs()}
	one := func(st State) (*moments, error) {
		m := s.momentsOf(st)
		least := 1
		if l.Fit == PerExample {
			least = 2
		}
		if err := m.require(op, st, least); err != nil {
			return nil, err
		}
		if m.dof == 0 {
			return nil, failf(op, ErrTooFewShadows, "no example is %q in two models, so no variance can be pooled", st)
		}
		return m, nil
	}
	if f.neg, err = one(negative); err != nil {
		return nil, err
	}
	if !l.Offline {
		if f.pos, err = one(positive); err != nil {
			return nil, err
		}
	}
	// Far below what varying signals have, and the same for both states: two
	// floors would find a difference where an example varies in neither.
	least := f.neg.pooled
	if f.pos != nil {
		least = min(least, f.pos.pooled)
	}
	f.floor = max(1e-6*least, 1e-18)
	return f, nil
}

func (f *fitted) score(target []float64) []float64 {
	out := make([]float64, len(target)/f.augs)
	for e := range out {
		out[e] = f.scoreOne(e, target[e*f.augs:(e+1)*f.augs])
	}
	return out
}

// scoreOne averages over the augmentations of example e.
func (f *fitted) scoreOne(e int, phi []float64) float64 {
	sum := 0.0
	for k, v := range phi {
		j := e*f.augs + k
		neg := f.density(f.neg, e, j)
		if f.pos == nil {
			sum -= neg.logAbove(v)
		} else {
			sum += f.density(f.pos, e, j).logPDF(v) - neg.logPDF(v)
		}
	}
	return sum / float64(f.augs)
}

// density builds the fitted distribution of (example e, slot j).
func (f *fitted) density(m *moments, e, j int) location {
	n, nu := float64(m.n[e]), f.cfg.Prior
	shrunk := (nu*m.pooled + m.m2[j]) / (nu + n - 1)
	v := 0.0
	d := location{mean: m.mean[j]}
	switch f.cfg.Fit {
	case PerExample:
		v = m.m2[j] / (n - 1)
	case Pooled:
		v = m.pooled
	case Shrunk:
		v = shrunk
	case StudentT:
		v, d.dof = shrunk*(1+1/n), nu+n-1
	}
	d.scale = math.Sqrt(max(v, f.floor))
	return d
}
