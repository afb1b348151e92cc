package unlearning

// FineTune trains on from w_T, on the retained examples.
func FineTune(cost float64) Accelerate {
	return Accelerate{Title: "finetune", Short: Short{Cost: cost}, Start: 1}
}

// ShrinkPerturb shrinks w_T to half, adds a tenth of fresh initial parameters,
// and trains on the retained examples (Ash and Adams, NeurIPS 2020).
func ShrinkPerturb(cost float64) Accelerate {
	return Accelerate{Title: "shrink-perturb", Short: Short{Cost: cost}, Start: 1, Shrink: 0.5, Noise: 0.1}
}
