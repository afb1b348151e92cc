package attacks

import "math"

// GaussianEpsilon returns the smallest ε ≥ 0 for which telling N(μ,1) from
// N(0,1) is (ε, δ)-indistinguishable, the root of
//
//	Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ) = δ
//
// (Dong, Roth & Su, "Gaussian Differential Privacy", 2022, Corollary 2.13).
// μ ≥ 0 and δ in (0, 1). It is the truth an EpsilonLowerBound on Gaussian
// scores must stay under.
func GaussianEpsilon(mu, delta float64) (float64, error) {
	const op = "GaussianEpsilon"
	if !(mu >= 0) || math.IsInf(mu, 1) {
		return 0, &ValueError{Op: op, Arg: "mu", Index: -1, Value: mu, Err: ErrRange}
	}
	if err := checkOpen(op, "delta", delta); err != nil {
		return 0, err
	}
	if mu == 0 {
		return 0, nil
	}
	excess := func(eps float64) float64 { return gaussianDelta(mu, eps) - delta }
	if excess(0) <= 0 {
		return 0, nil
	}
	lo, hi := 0.0, 1.0
	for excess(hi) > 0 {
		lo, hi = hi, 2*hi
	}
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid == lo || mid == hi {
			break
		}
		if excess(mid) > 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi, nil
}

// gaussianDelta is the δ at which telling N(μ,1) from N(0,1) is (ε, δ)-
// indistinguishable.
func gaussianDelta(mu, eps float64) float64 {
	// The second term as one exponential: e^ε alone overflows.
	return normalCDF(mu/2-eps/mu) - math.Exp(eps+logNormalCDF(-mu/2-eps/mu))
}
