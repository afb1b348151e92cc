package attacks

import "math"

// logSumExpExcept returns log Σ_{j≠skip} exp z_j, shifted by the maximum so
// that it is finite for every finite z; skip = -1 sums all. At least one term
// must remain.
func logSumExpExcept(z []float64, skip int) float64 {
	top, rest := logSumExpParts(z, skip)
	return top + rest
}

// logSumExpParts returns the two terms of logSumExpExcept, the largest z_j and what
// the others add: beside a large one the second is lost in their sum.
func logSumExpParts(z []float64, skip int) (top, rest float64) {
	top = math.Inf(-1)
	for j, v := range z {
		if j != skip && v > top {
			top = v
		}
	}
	sum := 0.0
	for j, v := range z {
		if j != skip {
			sum += math.Exp(v - top)
		}
	}
	return top, math.Log(sum)
}

// softplus returns log(1 + e^x) without overflow or cancellation.
func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// gap returns φ = z_y − log Σ_{j≠y} exp z_j, the log odds of class y, which is the same
// however large a number is added to all logits.
func gap(z []float64, y int) float64 {
	top, rest := logSumExpParts(z, y)
	return (z[y] - top) - rest
}

// argmax returns the first index of the maximum.
func argmax(z []float64) int {
	best := 0
	for j, v := range z {
		if v > z[best] {
			best = j
		}
	}
	return best
}

// logNorm returns the first index of the maximum, top, and log1p(s) with
// s = Σ_{i≠top} exp(z_i − z_top), so that log p_i = (z_i − z_top) − log1p(s): no
// difference of large numbers. z_i − z_top is −Inf where it overflows.
func logNorm(z []float64) (top int, norm float64) {
	top = argmax(z)
	s := 0.0
	for i, v := range z {
		if i != top {
			s += math.Exp(v - z[top])
		}
	}
	return top, math.Log1p(s)
}

// entropy returns −Σ p_i log p_i, which keeps its digits where a prediction is
// confident.
func entropy(z []float64) float64 {
	top, norm := logNorm(z)
	h := 0.0
	for _, v := range z {
		logP := (v - z[top]) - norm
		if p := math.Exp(logP); p > 0 { // 0 log 0 = 0
			h -= p * logP
		}
	}
	return h
}

// modifiedEntropy returns (1−p_y)(−log p_y) + Σ_{i≠y} p_i (−log(1−p_i)).
// With φ_i the log odds of class i, −log p_i = softplus(−φ_i) and
// −log(1−p_i) = softplus(φ_i). Only the largest class can have p > ½, so the
// log odds of the others come from p itself in O(1).
func modifiedEntropy(z []float64, y int) float64 {
	top, norm := logNorm(z)
	phiTop := gap(z, top)
	m := 0.0
	for i, v := range z {
		logP := (v - z[top]) - norm
		phi := logP - math.Log1p(-math.Exp(logP))
		if i == top {
			phi = phiTop
			logP = -softplus(-phi)
		}
		if i == y {
			m += math.Exp(-softplus(phi)) * -logP
		} else {
			m += math.Exp(logP) * softplus(phi)
		}
	}
	return m
}
