package attacks

import "math"

// KS returns the two-sample Kolmogorov–Smirnov distance sup_t |F_a(t) − F_b(t)|
// in [0, 1], exact with ties. Infinities are ordered as usual.
func KS(a, b []float64) (float64, error) {
	if err := checkScores("KS", "a", a); err != nil {
		return 0, err
	}
	if err := checkScores("KS", "b", b); err != nil {
		return 0, err
	}
	r := rocSorted(sorted(a), sorted(b))
	best := 0.0
	for k := range r.TP {
		best = max(best, math.Abs(float64(r.TP[k])*float64(r.Neg)-float64(r.FP[k])*float64(r.Pos)))
	}
	return best / (float64(r.Pos) * float64(r.Neg)), nil
}

// KSPValue returns the asymptotic probability of a KS distance of at least d
// between samples of sizes n and m of one continuous distribution,
// 2 Σ_{k≥1} (−1)^{k−1} exp(−2k²λ²), with Stephens' small-sample correction
// λ = (√N + 0.12 + 0.11/√N)·d, N = nm/(n+m). Ties make it conservative.
func KSPValue(d float64, n, m int) (float64, error) {
	const op = "KSPValue"
	if n < 1 || m < 1 {
		return 0, failf(op, ErrRange, "sample sizes %d and %d, want at least 1", n, m)
	}
	if !(d >= 0 && d <= 1) {
		return 0, &ValueError{Op: op, Arg: "d", Index: -1, Value: d, Err: ErrRange}
	}
	root := math.Sqrt(float64(n) * float64(m) / float64(n+m))
	lambda := (root + 0.12 + 0.11/root) * d
	// Below 0.2 the alternating series converges slowly and 1 − p < 1e-12.
	if lambda < 0.2 {
		return 1, nil
	}
	p, sign := 0.0, 2.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * k * k * lambda * lambda)
		p += sign * term
		if term < 1e-17 {
			break
		}
		sign = -sign
	}
	return min(max(p, 0), 1), nil
}

// Wasserstein1 returns ∫|F_a(t) − F_b(t)| dt, the earth mover's distance in the
// units of the scores. The scores must be finite.
func Wasserstein1(a, b []float64) (float64, error) {
	const op = "Wasserstein1"
	if err := checkFinite(op, "a", a); err != nil {
		return 0, err
	}
	if err := checkFinite(op, "b", b); err != nil {
		return 0, err
	}
	sa, sb := sorted(a), sorted(b)
	i, j := 0, 0
	w, last := 0.0, min(sa[0], sb[0])
	for i < len(sa) || j < len(sb) {
		t := math.Inf(1)
		if i < len(sa) {
			t = sa[i]
		}
		if j < len(sb) {
			t = min(t, sb[j])
		}
		// Counts below t; equal proportions must give exactly 0.
		diff := float64(i)*float64(len(sb)) - float64(j)*float64(len(sa))
		w += math.Abs(diff) * (t - last)
		last = t
		for i < len(sa) && sa[i] == t {
			i++
		}
		for j < len(sb) && sb[j] == t {
			j++
		}
	}
	return w / (float64(len(sa)) * float64(len(sb))), nil
}
