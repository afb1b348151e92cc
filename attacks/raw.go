package attacks

import "math"

// Loss returns the cross-entropy ℓ = log Σ_j exp z_j − z_y of each example, in
// nats, computed as log(1 + e^{−φ}) so that tiny losses keep their digits.
// It is the plain loss, not a score: smaller = member.
func Loss[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return eachRow("Loss", logits, classes, labels, func(z []float64, y int) float64 {
		return softplus(-gap(z, y))
	})
}

// LogProb returns log p_y = −ℓ of each example.
func LogProb[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return eachRow("LogProb", logits, classes, labels, func(z []float64, y int) float64 {
		return -softplus(-gap(z, y))
	})
}

// Confidence returns p_y of each example. In float64 it is 1 for φ > 37:
// rank by LogitGap or LogProb where ties matter.
func Confidence[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return Scores(SignalConfidence, logits, classes, labels)
}

// Entropy returns H(p) = −Σ p_i log p_i of each example, in nats. Labels only
// give the number of rows and are checked.
func Entropy[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return eachRow("Entropy", logits, classes, labels, func(z []float64, _ int) float64 { return entropy(z) })
}

// ModifiedEntropy returns, in nats,
//
//	Mentr(p, y) = (1−p_y)(−log p_y) + Σ_{i≠y} p_i (−log(1−p_i))
//
// (Song & Mittal, "Systematic Evaluation of Privacy Risks of Machine Learning
// Models", USENIX Security 2021, eq. 8). Unlike the entropy it is large for a
// confident wrong prediction. It is not a score: smaller = member.
func ModifiedEntropy[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return eachRow("ModifiedEntropy", logits, classes, labels, modifiedEntropy)
}

// LogitGap returns φ = z_y − log Σ_{j≠y} exp z_j = log(p_y/(1−p_y)) of each
// example (Carlini et al., "Membership Inference Attacks From First
// Principles", S&P 2022, section V): the scaled confidence that LiRA models as
// a Gaussian. It is exact from logits: no floor is added to 1−p_y.
func LogitGap[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return eachRow("LogitGap", logits, classes, labels, gap)
}

// LogitGapFromLoss returns φ = −log(e^ℓ − 1) for losses ℓ > 0; ℓ = 0 gives +Inf.
// For ℓ beyond the range of exp it is −ℓ to all digits.
func LogitGapFromLoss(loss []float64) ([]float64, error) {
	const op = "LogitGapFromLoss"
	if err := checkFinite(op, "loss", loss); err != nil {
		return nil, err
	}
	out := make([]float64, len(loss))
	for i, l := range loss {
		if l < 0 {
			return nil, &ValueError{Op: op, Arg: "loss", Index: i, Value: l, Err: ErrRange}
		}
		// log(e^ℓ − 1) = ℓ + log(1 − e^−ℓ), which cannot overflow.
		if l > 1 {
			out[i] = -(l + math.Log1p(-math.Exp(-l)))
		} else {
			out[i] = -math.Log(math.Expm1(l))
		}
	}
	return out, nil
}

// Hinge returns z_y − max_{j≠y} z_j of each example.
func Hinge[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return Scores(SignalHinge, logits, classes, labels)
}

// Correctness returns 1 where the first arg max of the logits is the label,
// else 0.
func Correctness[L Label](logits []float64, classes int, labels []L) ([]float64, error) {
	return Scores(SignalCorrectness, logits, classes, labels)
}
