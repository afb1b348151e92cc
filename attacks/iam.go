package attacks

import "math"

// IAM measures how completely each example was unlearned by where the unlearned
// model's answer lies between those of models that never saw it and that of the model
// before (Wang et al., "Towards Lifecycle Unlearning Commitment Management: Measuring
// Sample-level Unlearning Completeness", USENIX Security 2025, arXiv 2506.06112,
// Interpolated Approximate Measurement). It wants one shadow model or more, and the
// answers before unlearning. The zero value has the parameters of the public code.
//
// The signal is s(p) = −log(0.01 − log(p + 10⁻⁵)) of the label's probability. For α
// from 0 to 1 the shadows' signals move to s_before by the share α, and a Gumbel
// distribution is fitted to them by moments: each example's own mean, and one variance
// for all. The completeness is 1 − Σ α F_α(s_unlearned)/Σ α. About 1 is an answer as of a
// model that never saw the example, or a worse one, and about 0 the answer before.
type IAM struct {
	Steps int // of α; 0 means 100
}

// iamSignals are the public code's, of log p.
func iamSignals(logP []float64) []float64 {
	out := make([]float64, len(logP))
	for i, v := range logP {
		out[i] = -math.Log(1e-2 - math.Log(math.Exp(v)+1e-5))
	}
	return out
}

// eulerGamma as the public code has it.
const eulerGamma = 0.5772

// Completeness takes log-probabilities of the label (SignalLoss): of the model before
// unlearning and of the unlearned one, [examples], and of the shadows that never saw
// the examples, row-major [models, examples].
func (m IAM) Completeness(before, unlearned, shadows []float64) ([]float64, error) {
	const op = "IAM"
	steps := orDefault(m.Steps, 100)
	if steps < 2 {
		return nil, failf(op, ErrRange, "%d steps, want at least 2", steps)
	}
	n := len(unlearned)
	for _, x := range []struct {
		arg string
		x   []float64
	}{{"unlearned", unlearned}, {"before", before}, {"shadows", shadows}} {
		if err := checkFinite(op, x.arg, x.x); err != nil {
			return nil, err
		}
		for i, v := range x.x {
			if v > 0 {
				return nil, &ValueError{Op: op, Arg: x.arg, Index: i, Value: v, Err: ErrRange}
			}
		}
	}
	if len(before) != n {
		return nil, &ShapeError{Op: op, Arg: "before", Got: len(before), Want: n}
	}
	if len(shadows)%n != 0 {
		return nil, failf(op, ErrShape, "%d shadow values are no rows of %d examples", len(shadows), n)
	}
	models := len(shadows) / n
	out := make([]float64, n)
	was, is, never := iamSignals(before), iamSignals(unlearned), iamSignals(shadows)
	at := make([]float64, len(shadows)) // interpolated
	weight := 0.0
	for k := range steps - 1 {
		alpha := float64(k) / float64(steps-1)
		total, square := 0.0, 0.0
		for i, s := range never {
			at[i] = s + (was[i%n]-s)*alpha
			total += at[i] / float64(len(at))
		}
		for _, v := range at {
			square += (v - total) * (v - total) / float64(len(at))
		}
		beta := math.Sqrt(6*square) / math.Pi
		// The weights are those of the step after, as in the public code.
		next := float64(k+1) / float64(steps-1)
		weight += next
		for e := range out {
			mean := 0.0
			for j := range models {
				mean += at[j*n+e] / float64(models)
			}
			out[e] += next * gumbelCDF(is[e], mean-beta*eulerGamma, beta)
		}
	}
	for e := range out {
		out[e] = 1 - out[e]/weight
	}
	return out, nil
}

// gumbelCDF is exp(−exp(−(x−μ)/β)), a step where β is 0.
func gumbelCDF(x, mu, beta float64) float64 {
	if beta == 0 {
		if x >= mu {
			return 1
		}
		return 0
	}
	return math.Exp(-math.Exp(-(x - mu) / beta))
}
