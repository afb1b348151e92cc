package attacks

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ClopperPearson returns the exact two-sided 1−alpha interval for a binomial
// proportion of which k of n trials succeeded: each tail has probability at
// most alpha/2 (Clopper & Pearson, Biometrika 26, 1934).
func ClopperPearson(k, n int, alpha float64) (low, high float64, err error) {
	if err := checkBinomial("ClopperPearson", k, n, alpha); err != nil {
		return 0, 0, err
	}
	low, high = clopperPearson(k, n, alpha)
	return low, high, nil
}

// BinomialLower returns the exact one-sided lower bound: the p for which
// P(X ≥ k) = alpha; 0 for k = 0 and alpha^{1/n} for k = n.
func BinomialLower(k, n int, alpha float64) (float64, error) {
	if err := checkBinomial("BinomialLower", k, n, alpha); err != nil {
		return 0, err
	}
	return binomialLower(k, n, alpha), nil
}

// BinomialUpper returns the exact one-sided upper bound: the p for which
// P(X ≤ k) = alpha; 1 for k = n and 1 − alpha^{1/n} for k = 0.
func BinomialUpper(k, n int, alpha float64) (float64, error) {
	if err := checkBinomial("BinomialUpper", k, n, alpha); err != nil {
		return 0, err
	}
	return binomialUpper(k, n, alpha), nil
}

func checkBinomial(op string, k, n int, alpha float64) error {
	if n < 1 || k < 0 || k > n {
		return failf(op, ErrRange, "k = %d of n = %d, want 0 ≤ k ≤ n and n ≥ 1", k, n)
	}
	return checkOpen(op, "alpha", alpha)
}

func clopperPearson(k, n int, alpha float64) (low, high float64) {
	return binomialLower(k, n, alpha/2), binomialUpper(k, n, alpha/2)
}

// binomialLower is the alpha quantile of Beta(k, n−k+1). The two ends have
// closed forms, which keep the digits where one minus the root would not.
func binomialLower(k, n int, alpha float64) float64 {
	switch k {
	case 0:
		return 0
	case n:
		return math.Exp(math.Log(alpha) / float64(n))
	}
	return mathext.InvRegIncBeta(float64(k), float64(n-k+1), alpha)
}

func binomialUpper(k, n int, alpha float64) float64 {
	switch k {
	case n:
		return 1
	case 0:
		return -math.Expm1(math.Log(alpha) / float64(n))
	}
	// The upper bound of k successes is one minus the lower bound of n−k
	// failures, but InvRegIncBeta is asked directly to keep a small bound exact.
	return mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-alpha)
}

// BinomialTail returns P(X ≥ k) for X ~ Binomial(n, p), the exact test that
// a rate is not above p.
func BinomialTail(k, n int, p float64) (float64, error) {
	const op = "BinomialTail"
	if n < 1 || k < 0 || k > n {
		return 0, failf(op, ErrRange, "k = %d of n = %d, want 0 ≤ k ≤ n and n ≥ 1", k, n)
	}
	if !(p >= 0 && p <= 1) {
		return 0, &ValueError{Op: op, Arg: "p", Index: -1, Value: p, Err: ErrRange}
	}
	if k == 0 {
		return 1, nil
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p), nil
}
