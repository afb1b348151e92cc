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

// maxExactKS is the product of sample sizes up to which KSPValue counts paths,
// a tenth of a second.
const maxExactKS = 20_000_000

// fewKS is the size of the smaller sample from which on Smirnov's limit is good.
const fewKS = 1000

// KSPValue returns the probability of a KS distance of at least d between
// samples of sizes n and m of one continuous distribution. Ties make it
// conservative.
//
// It is exact up to nm = 2·10⁷: the share of the lattice paths from (0, 0) to
// (n, m) that touch |i/n − j/m| ≥ d (Hodges, Arkiv för Matematik 3, 1958).
// Beyond, it is Smirnov's limit 2 Σ_{k≥1} (−1)^{k−1} exp(−2k²λ²) with
// λ = √(nm/(n+m))·d, a little conservative. Stephens' correction of λ is for
// one sample, and with two rejects too often. The limit is that of two large
// samples: where one has fewer than a thousand scores, the paths are counted for
// the largest m within reach, 2·10⁴ or more, beside which a larger one would
// change nothing.
func KSPValue(d float64, n, m int) (float64, error) {
	const op = "KSPValue"
	if n < 1 || m < 1 {
		return 0, failf(op, ErrRange, "sample sizes %d and %d, want at least 1", n, m)
	}
	if !(d >= 0 && d <= 1) {
		return 0, &ValueError{Op: op, Arg: "d", Index: -1, Value: d, Err: ErrRange}
	}
	small, large := min(n, m), max(n, m)
	if small < fewKS {
		large = min(large, maxExactKS/small)
	}
	if small <= maxExactKS/large {
		return ksExact(d, large, small), nil
	}
	return ksLimit(d * math.Sqrt(float64(n)*(float64(m)/float64(n+m)))), nil
}

// ksExact carries the share of the paths to (i, j) that have touched, from
// those to its neighbours: of all paths to (i, j), i/(i+j) come from
// (i−1, j). Nothing is subtracted, so small probabilities keep their digits.
func ksExact(d float64, n, m int) float64 {
	// In units of 1/nm distances are whole; d itself may be off by rounding.
	reach := int(math.Ceil(d*float64(n)*float64(m) - 1e-6))
	touched := make([]float64, m+1) // of row i
	for i := range n + 1 {
		for j := range m + 1 {
			switch {
			case max(i*m-j*n, j*n-i*m) >= reach:
				touched[j] = 1
			case i == 0 && j == 0:
				touched[j] = 0
			case i == 0:
				touched[j] = touched[j-1]
			case j > 0:
				touched[j] = (float64(i)*touched[j] + float64(j)*touched[j-1]) / float64(i+j)
			}
		}
	}
	return touched[m]
}

// ksLimit is the probability that a Brownian bridge leaves ±lambda.
func ksLimit(lambda float64) float64 {
	// Below 0.2 the alternating series converges slowly and 1 − p < 1e-12.
	if lambda < 0.2 {
		return 1
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
	return min(max(p, 0), 1)
}

// Wasserstein1 returns ∫|F_a(t) − F_b(t)| dt, the earth mover's distance in the
// units of the scores. The scores must be finite; a distance beyond the float64
// numbers is +Inf.
func Wasserstein1(a, b []float64) (float64, error) {
	const op = "Wasserstein1"
	if err := checkFinite(op, "a", a); err != nil {
		return 0, err
	}
	if err := checkFinite(op, "b", b); err != nil {
		return 0, err
	}
	sa, sb := sorted(a), sorted(b)
	w := earthMover(sa, sb)
	if math.IsInf(w, 0) || math.IsNaN(w) { // products of large scores and counts
		const small = 0x1p-200
		w = earthMover(scaled(small, sa), scaled(small, sb)) / small
	}
	return w, nil
}

// earthMover is ∫|F_a(t) − F_b(t)| dt of ascending samples.
func earthMover(sa, sb []float64) float64 {
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
	return w / (float64(len(sa)) * float64(len(sb)))
}

// scaled returns by·x.
func scaled(by float64, x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = by * v
	}
	return out
}
