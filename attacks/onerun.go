package attacks

import (
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// EpsilonOneRun bounds ε from below from the scores of one model (Steinke, Nasr &
// Jagielski, "Privacy Auditing with One (1) Training Run", 2023, arXiv 2305.08846):
// each of m = len(members) + len(nonMembers) canaries was a member by a fair coin
// of its own, and the attacker guesses "member" for the highest scores and leaves
// the others. For unlearning the coin says "trained and forgotten" or "never
// trained". The bound holds for the coins' randomness alone, however the canaries
// depend on each other within the model.
//
// Bonferroni guesses for the 1, 2, 4, … highest scores of all canaries, numbers
// fixed beforehand. Split has no meaning for one model, whose canaries' halves are
// not independent: it is an error.
func EpsilonOneRun(members, nonMembers []float64, cfg EpsilonConfig) (EpsilonBound, error) {
	return oneRun("EpsilonOneRun", "one-run", members, nonMembers, cfg, func(m, guesses, right int, epsilon, delta, alpha float64) bool {
		return OneRunPValue(m, guesses, right, epsilon, delta) <= alpha
	})
}

// EpsilonOneRunFDP is EpsilonOneRun with the bound of Mahloujifar, Melis & Chaudhuri
// ("Auditing f-Differential Privacy in One Run", 2024, arXiv 2410.22235, algorithm
// 3) for mechanisms whose trade-off curve is a Gaussian's: the ε reported is that
// of the Gaussian mechanism at Delta, which must be above 0. It is larger where
// that assumption holds, as it does about for models trained with noise, and no
// bound at all where it does not.
func EpsilonOneRunFDP(members, nonMembers []float64, cfg EpsilonConfig) (EpsilonBound, error) {
	const op = "EpsilonOneRunFDP"
	if err := checkOpen(op, "Delta", cfg.Delta); err != nil {
		return EpsilonBound{}, err
	}
	return oneRun(op, "one-run-f-dp", members, nonMembers, cfg, fdpRefutes)
}

// oneRun finds the largest ε that some number of guesses refutes. refutes says
// whether so many right ones have a probability of at most alpha under (ε, δ).
func oneRun(op, method string, members, nonMembers []float64, cfg EpsilonConfig,
	refutes func(m, guesses, right int, epsilon, delta, alpha float64) bool) (EpsilonBound, error) {
	return cfg.bound(op, method, members, nonMembers, func(in, out []float64, cut, alpha float64) (EpsilonBound, error) {
		m := len(in) + len(out)
		best := EpsilonBound{}
		try := func(t, alpha float64) {
			tp, fp := len(in)-sort.SearchFloat64s(in, t), len(out)-sort.SearchFloat64s(out, t)
			if tp == 0 {
				return
			}
			eps := refuted(best.Epsilon, func(e float64) bool { return refutes(m, tp+fp, tp, e, cfg.Delta, alpha) })
			if eps > best.Epsilon {
				best = EpsilonBound{Epsilon: eps, Threshold: Float(t), FPRHigh: 1}
			}
		}
		switch cfg.Policy {
		case Split:
			return best, failf(op, ErrRange, "policy split needs two independent halves; take bonferroni or explicit")
		case Explicit:
			try(cut, alpha)
		default:
			all := append(append([]float64(nil), in...), out...)
			sort.Float64s(all)
			counts := guessCounts(m)
			for _, k := range counts {
				try(all[m-k], alpha/float64(len(counts)))
			}
		}
		return best, nil
	})
}

// guessCounts returns 1, 2, 4, … below m/2, and m/2: guessing "member" of more
// than half would be wrong too often.
func guessCounts(m int) []int {
	var r []int
	for k := 1; 2*k < m; k *= 2 {
		r = append(r, k)
	}
	return append(r, max(m/2, 1))
}

// refuted returns the largest ε ≥ low that is refuted, low if there is none. What
// refutes an ε refutes all smaller ones.
func refuted(low float64, refutes func(epsilon float64) bool) float64 {
	if !refutes(low) {
		return low
	}
	lo, hi := low, max(1, 2*low)
	for refutes(hi) {
		if hi > 1e4 {
			return hi
		}
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1e-9*hi {
		if mid := lo + (hi-lo)/2; refutes(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// OneRunPValue returns the probability that an attacker on m canaries makes at
// least right of guesses guesses rightly if the mechanism is (epsilon, delta)-
// private: with q = e^ε/(1+e^ε) and B ~ Binomial(guesses, q)
//
//	P(B ≥ right) + 2mδ · max_i P(right − i ≤ B < right)/i
//
// (Steinke et al., Theorem 5.2), at most 1. More right ones than guesses have the
// probability 0 but for δ. An epsilon or a delta that is no number panics, as do fewer
// canaries than guesses.
func OneRunPValue(m, guesses, right int, epsilon, delta float64) float64 {
	if math.IsNaN(epsilon) || !(delta >= 0 && delta <= 1) || guesses < 0 || m < guesses {
		panic(fmt.Sprintf("attacks: OneRunPValue of %d canaries, %d guesses, ε = %v, δ = %v", m, guesses, epsilon, delta))
	}
	if guesses == 0 || right <= 0 {
		return 1
	}
	q := 1 / (1 + math.Exp(-epsilon))
	tail := func(k int) float64 { // P(B ≥ k)
		switch {
		case k <= 0:
			return 1
		case k > guesses || q == 0:
			return 0
		}
		return mathext.RegIncBeta(float64(k), float64(guesses-k+1), q)
	}
	p := tail(right)
	if delta == 0 {
		return p
	}
	most := 0.0
	for i := 1; i <= right; i++ {
		most = max(most, (tail(right-i)-p)/float64(i))
	}
	return min(p+2*float64(m)*delta*most, 1)
}

// fdpRefutes follows the recursion of Mahloujifar et al. from alpha: r and h bound
// the expected shares of canaries that are guessed rightly and wrongly, given that
// at least so many are right; together they must not exceed that of all guesses.
func fdpRefutes(m, guesses, right int, epsilon, delta, alpha float64) bool {
	mu := gaussianMu(epsilon, delta)
	r, h := alpha*float64(right)/float64(m), alpha*float64(guesses-right)/float64(m)
	for i := right - 1; i >= 0; i-- {
		next := max(h, gaussianBlowUpInverse(r, mu))
		if next == h {
			break // and nothing changes from here on
		}
		r, h = min(r+float64(i)/float64(guesses-i)*(next-h), 1), next
	}
	return r+h > float64(guesses)/float64(m)
}

// gaussianBlowUpInverse is Φ(Φ⁻¹(x) − μ): the least probability that an event of
// probability x under one of N(μ, 1) and N(0, 1) has under the other.
func gaussianBlowUpInverse(x, mu float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	return normalCDF(mathext.NormalQuantile(x) - mu)
}

// gaussianMu is the inverse of GaussianEpsilon in μ: the root of its equation at
// the given ε, whose left side grows with μ.
func gaussianMu(epsilon, delta float64) float64 {
	lo, hi := 0.0, 1.0
	for gaussianDelta(hi, epsilon) < delta {
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1e-13*hi {
		if mid := lo + (hi-lo)/2; gaussianDelta(mid, epsilon) < delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// EpsilonGDP bounds from below the ε at Delta of a mechanism whose trade-off curve
// is a Gaussian's, N(0,1) against N(μ,1), as that of noisy training about is (Nasr
// et al., "Tight Auditing of Differentially Private Machine Learning", 2023): from
// simultaneous bounds of the two error rates, μ ≥ −Φ⁻¹(FPR) − Φ⁻¹(FNR), and
// GaussianEpsilon. Where the assumption fails it is no bound. Delta must be above
// 0. The scores are independent, as for EpsilonLowerBound.
func EpsilonGDP(members, nonMembers []float64, cfg EpsilonConfig) (EpsilonBound, error) {
	const op = "EpsilonGDP"
	if err := checkOpen(op, "Delta", cfg.Delta); err != nil {
		return EpsilonBound{}, err
	}
	of := func(tpr, fpr float64) float64 {
		if tpr <= 0 || fpr >= 1 {
			return 0
		}
		// Upper bounds of both errors bound μ from below only: where they add up
		// to more than 1 nothing is shown, and μ < 0 is not |μ|.
		mu := -mathext.NormalQuantile(fpr) - mathext.NormalQuantile(1-tpr)
		if !(mu > 0) {
			return 0
		}
		e, _ := GaussianEpsilon(mu, cfg.Delta)
		return e
	}
	return cfg.bound(op, "gdp", members, nonMembers, func(in, out []float64, cut, alpha float64) (EpsilonBound, error) {
		switch cfg.Policy {
		case Split:
			return EpsilonBound{}, failf(op, ErrRange, "policy split is not offered; take bonferroni or explicit")
		case Explicit:
			b := boundAt(in, out, cut, cfg.Delta, alpha)
			b.Epsilon = of(b.TPRLow, b.FPRHigh)
			return b, nil
		}
		return bonferroniOver(in, out, alpha, of), nil
	})
}
