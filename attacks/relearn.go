package attacks

// RelearnSteps returns the number of fine-tuning steps after which the loss on
// the forgotten examples is at or below target for the first time. losses[0]
// is the loss before any step, so 0 means nothing had been forgotten. reached
// is false, and steps the number taken, when the curve never gets there.
//
// Fewer steps than the retrained model needs betray what was left
// (Golatkar et al., CVPR 2020; Tarun et al., 2023, as a ratio).
func RelearnSteps(losses []float64, target float64) (steps int, reached bool, err error) {
	const op = "RelearnSteps"
	if err := checkScores(op, "losses", losses); err != nil {
		return 0, false, err
	}
	if err := checkFinite(op, "target", []float64{target}); err != nil {
		return 0, false, err
	}
	for i, l := range losses {
		if l <= target {
			return i, true, nil
		}
	}
	return len(losses) - 1, false, nil
}

// RelearnRatio returns RelearnSteps(unlearned)/RelearnSteps(retrained): 1 is
// retraining, below 1 under-unlearning, above 1 over-unlearning. It is missing
// where a curve does not reach the target or the retrained model needs no step.
func RelearnRatio(unlearned, retrained []float64, target float64) (Float, error) {
	u, okU, err := RelearnSteps(unlearned, target)
	if err != nil {
		return Missing(), failWrap("unlearned", err)
	}
	v, okV, err := RelearnSteps(retrained, target)
	if err != nil {
		return Missing(), failWrap("retrained", err)
	}
	if !okU || !okV || v == 0 {
		return Missing(), nil
	}
	return Float(float64(u) / float64(v)), nil
}
