package attacks

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// ThresholdPolicy is how the threshold behind an ε bound is chosen. Taking the
// best bound over all thresholds without correction is not offered: it raises
// false alarms at a nominal 5% to about 8%.
type ThresholdPolicy int

// The policies; each keeps the error probability at Alpha.
const (
	// Bonferroni divides Alpha among thresholds at ranks 1, 2, 4, … of either
	// sample, fixed before seeing the scores. The default: it gave the larger
	// bound in every case tried, since Split bounds on half of the scores.
	Bonferroni ThresholdPolicy = iota
	// Split chooses the threshold on a random half of each sample and bounds
	// on the other half.
	Split
	// Explicit uses Threshold, which must not come from these scores.
	Explicit
)

// String names the policy.
func (p ThresholdPolicy) String() string {
	switch p {
	case Bonferroni:
		return "bonferroni"
	case Split:
		return "split"
	case Explicit:
		return "explicit"
	}
	return fmt.Sprintf("ThresholdPolicy(%d)", int(p))
}

// EpsilonConfig configures EpsilonLowerBound. The zero value is usable.
type EpsilonConfig struct {
	Delta     float64 // of (ε, δ); 0 is pure differential privacy
	Alpha     float64 // error probability; 0 means 0.05
	Policy    ThresholdPolicy
	Threshold float64 // for Explicit
	OneSided  bool    // only "member iff score ≥ t"; by default both directions at Alpha/2
	Seed      uint64  // for Split
}

// EpsilonBound is a lower confidence bound on ε.
type EpsilonBound struct {
	Epsilon float64 `json:"epsilon"` // 0 when nothing is shown
	// Most is the bound that as many scores would have shown under perfect
	// separation: none could be larger. An Epsilon of 0 says nothing of privacy.
	Most      float64 `json:"most"`
	Method    string  `json:"method"` // "clopper-pearson", "one-run", "one-run-f-dp" or "gdp"
	Delta     float64 `json:"delta"`
	Alpha     float64 `json:"alpha"`
	Policy    string  `json:"policy"`
	Threshold Float   `json:"threshold"` // of the best rule; missing when Epsilon is 0
	Below     bool    `json:"below"`     // the best rule was "member iff score ≤ Threshold"
	TPRLow    float64 `json:"tpr_low"`   // its bounds
	FPRHigh   float64 `json:"fpr_high"`
}

// String prints the bound beside the largest that so many scores could show.
func (b EpsilonBound) String() string {
	if b.Epsilon == 0 {
		return fmt.Sprintf("no power (at most %.2f)", b.Most)
	}
	return fmt.Sprintf("%.2f (at most %.2f)", b.Epsilon, b.Most)
}

// EpsilonFromRates returns the ε that any (ε, δ) guarantee must have for a
// rule with these error rates: max over the two directions of
// log((TPR−δ)/FPR) and log((1−FPR−δ)/(1−TPR)), at least 0 (Kairouz et al.,
// ICML 2015, Theorem 2.1). It is +Inf when a denominator is 0.
func EpsilonFromRates(tpr, fpr, delta float64) (float64, error) {
	const op = "EpsilonFromRates"
	for _, v := range []struct {
		arg string
		x   float64
	}{{"tpr", tpr}, {"fpr", fpr}, {"delta", delta}} {
		if !(v.x >= 0 && v.x <= 1) {
			return 0, &ValueError{Op: op, Arg: v.arg, Index: -1, Value: v.x, Err: ErrRange}
		}
	}
	return epsilonOf(tpr, fpr, delta), nil
}

func epsilonOf(tpr, fpr, delta float64) float64 {
	eps := 0.0
	if a := tpr - delta; a > 0 {
		eps = max(eps, math.Log(a/fpr))
	}
	if b := 1 - fpr - delta; b > 0 {
		eps = max(eps, math.Log(b/(1-tpr)))
	}
	return eps
}

// EpsilonFromCounts is the bound of one rule fixed beforehand, from tp of pos
// members and fp of neg non-members accepted: Clopper–Pearson bounds of TPR
// and FPR at alpha/2 each (Nasr et al., S&P 2021).
func EpsilonFromCounts(tp, pos, fp, neg int, delta, alpha float64) (float64, error) {
	const op = "EpsilonFromCounts"
	if err := checkBinomial(op, tp, pos, alpha); err != nil {
		return 0, err
	}
	if err := checkBinomial(op, fp, neg, alpha); err != nil {
		return 0, err
	}
	if !(delta >= 0 && delta < 1) {
		return 0, &ValueError{Op: op, Arg: "delta", Index: -1, Value: delta, Err: ErrRange}
	}
	return epsilonOf(binomialLower(tp, pos, alpha/2), binomialUpper(fp, neg, alpha/2), delta), nil
}

// EpsilonLowerBound bounds from below, with confidence 1 − Alpha, the ε of any
// (ε, δ) guarantee that the mechanism behind these scores could have. For
// unlearning pass the forgotten examples as members and never-seen ones as
// non-members, one independent score each, of models that are trained
// independently of each other. For scores of one model see EpsilonOneRun. Constant
// scores give 0.
func EpsilonLowerBound(members, nonMembers []float64, cfg EpsilonConfig) (EpsilonBound, error) {
	const op = "EpsilonLowerBound"
	return cfg.bound(op, "clopper-pearson", members, nonMembers, func(in, out []float64, cut, alpha float64) (EpsilonBound, error) {
		switch cfg.Policy {
		case Split:
			if len(in) < 2 || len(out) < 2 {
				return EpsilonBound{}, failf(op, ErrDegenerate, "%d members and %d non-members cannot be split; 2 of each would do", len(in), len(out))
			}
			return splitBound(in, out, cfg.Delta, alpha, cfg.Seed), nil
		case Bonferroni:
			return bonferroniBound(in, out, cfg.Delta, alpha), nil
		}
		return boundAt(in, out, cut, cfg.Delta, alpha), nil
	})
}

// bound checks the arguments and takes the better of both directions at half the
// error probability each. one gets ascending samples, an explicit threshold, and
// its error probability.
func (c EpsilonConfig) bound(op, method string, members, nonMembers []float64, one func(in, out []float64, cut, alpha float64) (EpsilonBound, error)) (EpsilonBound, error) {
	if err := checkPair(op, members, nonMembers); err != nil {
		return EpsilonBound{}, err
	}
	alpha := orDefault(c.Alpha, 0.05)
	if err := checkOpen(op, "Alpha", alpha); err != nil {
		return EpsilonBound{}, err
	}
	if !(c.Delta >= 0 && c.Delta < 1) {
		return EpsilonBound{}, &ValueError{Op: op, Arg: "Delta", Index: -1, Value: c.Delta, Err: ErrRange}
	}
	if c.Policy < Bonferroni || c.Policy > Explicit {
		return EpsilonBound{}, failf(op, ErrRange, "unknown policy %d", int(c.Policy))
	}
	if c.Policy == Explicit && math.IsNaN(c.Threshold) {
		return EpsilonBound{}, &ValueError{Op: op, Arg: "Threshold", Index: -1, Value: c.Threshold, Err: ErrNotFinite}
	}
	directions := 2
	if c.OneSided {
		directions = 1
	}
	best := EpsilonBound{Epsilon: -1}
	in, out := sorted(members), sorted(nonMembers)
	cut := c.Threshold
	for d := range directions {
		if d == 1 { // "score ≤ t" is "−score ≥ −t"
			in, out, cut = negated(in), negated(out), -cut
		}
		b, err := one(in, out, cut, alpha/float64(directions))
		if err != nil {
			return EpsilonBound{}, err
		}
		if b.Epsilon > best.Epsilon {
			if best = b; d == 1 {
				best.Below, best.Threshold = true, -best.Threshold
			}
		}
	}
	apart, err := one(filled(1, len(in)), filled(0, len(out)), 0.5, alpha/float64(directions))
	if err != nil {
		return EpsilonBound{}, err
	}
	best.Most, best.Method = apart.Epsilon, method
	best.Delta, best.Alpha, best.Policy = c.Delta, alpha, c.Policy.String()
	if best.Epsilon == 0 {
		best.Threshold, best.Below = Missing(), false
	}
	return best, nil
}

// filled returns n times v.
func filled(v float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// negated returns −x, ascending again.
func negated(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[len(x)-1-i] = -v
	}
	return y
}

// boundAt bounds the rule "score ≥ t", t given independently of the samples.
func boundAt(in, out []float64, t, delta, alpha float64) EpsilonBound {
	tp, fp := len(in)-sort.SearchFloat64s(in, t), len(out)-sort.SearchFloat64s(out, t)
	b := EpsilonBound{
		Threshold: Float(t),
		TPRLow:    binomialLower(tp, len(in), alpha/2),
		FPRHigh:   binomialUpper(fp, len(out), alpha/2),
	}
	b.Epsilon = epsilonOf(b.TPRLow, b.FPRHigh, delta)
	return b
}

// splitBound picks the threshold with the best bound on one half.
func splitBound(in, out []float64, delta, alpha float64, seed uint64) EpsilonBound {
	fitIn, useIn := halve(in, seed, 0)
	fitOut, useOut := halve(out, seed, 1)
	r := rocSorted(fitIn, fitOut)
	best, t := -1.0, math.Inf(1)
	for k := 1; k < r.Len(); k++ {
		e := epsilonOf(binomialLower(r.TP[k], r.Pos, alpha/2), binomialUpper(r.FP[k], r.Neg, alpha/2), delta)
		if e > best {
			best, t = e, r.Threshold[k]
		}
	}
	return boundAt(useIn, useOut, t, delta, alpha)
}

// halve deals an ascending sample into two ascending halves. A random subset
// of positions is a random subset of examples, whatever their order was.
func halve(x []float64, seed, side uint64) (fit, use []float64) {
	perm := purpose.Rand(seed, purpose.Threshold, side).Perm(len(x))
	for i, p := range perm {
		if i%2 == 0 {
			use = append(use, x[p])
		} else {
			fit = append(fit, x[p])
		}
	}
	slices.Sort(fit)
	slices.Sort(use)
	return fit, use
}

// bonferroniBound tries thresholds at fixed ranks of either sample.
//
// The j-th largest non-member score t makes the rule "score > t" have a false-
// positive rate that is Beta(j, n−j+1) (stochastically below it with ties):
// its upper quantile is the Clopper–Pearson bound of j−1 successes. Given t the
// members are an untouched binomial sample. Likewise for "score ≥ t" at the
// j-th smallest member. Ranks are fixed, so dividing alpha by their number is
// valid; a union over the observed thresholds would not be.
func bonferroniBound(in, out []float64, delta, alpha float64) EpsilonBound {
	return bonferroniOver(in, out, alpha, func(tpr, fpr float64) float64 { return epsilonOf(tpr, fpr, delta) })
}

// bonferroniOver takes the best of what the rates' bounds say.
func bonferroniOver(in, out []float64, alpha float64, of func(tprLow, fprHigh float64) float64) EpsilonBound {
	rIn, rOut := ranks(len(in)), ranks(len(out))
	a := alpha / float64(len(rIn)+len(rOut))
	best := EpsilonBound{Epsilon: -1}
	try := func(t, tpr, fpr float64) {
		if e := of(tpr, fpr); e > best.Epsilon {
			best = EpsilonBound{Epsilon: e, Threshold: Float(t), TPRLow: tpr, FPRHigh: fpr}
		}
	}
	for _, j := range rOut {
		t := out[len(out)-j]
		above := len(in) - sort.Search(len(in), func(i int) bool { return in[i] > t })
		try(math.Nextafter(t, math.Inf(1)), binomialLower(above, len(in), a/2), binomialUpper(j-1, len(out), a/2))
	}
	for _, j := range rIn {
		t := in[j-1]
		fp := len(out) - sort.SearchFloat64s(out, t)
		try(t, 1-binomialUpper(j-1, len(in), a/2), binomialUpper(fp, len(out), a/2))
	}
	return best
}

// ranks returns 1, 2, 4, … up to half of n.
func ranks(n int) []int {
	r := []int{1}
	for j := 2; j <= n/2; j *= 2 {
		r = append(r, j)
	}
	return r
}
