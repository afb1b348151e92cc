package attacks

import "math"

// Quality is what is usually reported of one model, each in [0, 1].
type Quality struct {
	Forget float64 `json:"forget"` // accuracy on the forgotten examples
	Retain float64 `json:"retain"` // accuracy on the retained ones
	Test   float64 `json:"test"`   // accuracy on unseen ones
	MIA    float64 `json:"mia"`    // an attack's AUC, forgotten against unseen
}

// Gaps are signed differences unlearned − retrained, and the mean of their
// absolute values. No number of an unlearned model means anything alone: one
// minus the accuracy on forgotten examples, in particular, rewards destroying
// the model.
type Gaps struct {
	Forget   float64 `json:"forget"`
	Retain   float64 `json:"retain"`
	Test     float64 `json:"test"`
	MIA      float64 `json:"mia"`
	Absolute float64 `json:"mean_absolute"`
}

// GapsTo returns the gaps of an unlearned model to the retrained one.
func GapsTo(unlearned, retrained Quality) (Gaps, error) {
	if err := checkQualities("GapsTo", unlearned, retrained); err != nil {
		return Gaps{}, err
	}
	g := Gaps{
		Forget: unlearned.Forget - retrained.Forget,
		Retain: unlearned.Retain - retrained.Retain,
		Test:   unlearned.Test - retrained.Test,
		MIA:    unlearned.MIA - retrained.MIA,
	}
	g.Absolute = (math.Abs(g.Forget) + math.Abs(g.Retain) + math.Abs(g.Test) + math.Abs(g.MIA)) / 4
	return g, nil
}

// ToW is the tug-of-war score Π (1 − |Δ accuracy|) over forget, retain and
// test accuracies against the retrained model (Zhao et al., "What makes
// unlearning hard and what to do about it", NeurIPS 2024, eq. 3). 1 is
// retraining; MIA does not enter.
func ToW(unlearned, retrained Quality) (float64, error) {
	g, err := GapsTo(unlearned, retrained)
	if err != nil {
		return 0, err
	}
	return (1 - math.Abs(g.Forget)) * (1 - math.Abs(g.Retain)) * (1 - math.Abs(g.Test)), nil
}

func checkQualities(op string, unlearned, retrained Quality) error {
	for _, q := range []struct {
		arg string
		q   Quality
	}{{"unlearned", unlearned}, {"retrained", retrained}} {
		for i, v := range []float64{q.q.Forget, q.q.Retain, q.q.Test, q.q.MIA} {
			if !(v >= 0 && v <= 1) {
				field := [...]string{"Forget", "Retain", "Test", "MIA"}[i]
				return &ValueError{Op: op, Arg: q.arg + "." + field, Index: -1, Value: v, Err: ErrRange}
			}
		}
	}
	return nil
}

// MarginExcess returns mean(forgotten) − mean(unseen) of a signal, usually the
// logit gap, in its units.
func MarginExcess(forgotten, unseen []float64) (float64, error) {
	if err := checkFinite("MarginExcess", "forgotten", forgotten); err != nil {
		return 0, err
	}
	if err := checkFinite("MarginExcess", "unseen", unseen); err != nil {
		return 0, err
	}
	return mean(sorted(forgotten)) - mean(sorted(unseen)), nil
}

// ExcessRemoved returns (before − unlearned)/(before − ē), ē the mean margin
// excess of several retrained models: 0 is doing nothing, 1 retraining, above
// 1 over-unlearning. It is missing where |before − ē| < 3 standard deviations
// of the retrained values: there was nothing to remove. At least two retrained
// values are needed.
func ExcessRemoved(before, unlearned float64, retrained []float64) (Float, error) {
	const op = "ExcessRemoved"
	if err := checkFinite(op, "retrained", retrained); err != nil {
		return Missing(), err
	}
	if err := checkFinite(op, "before and unlearned", []float64{before, unlearned}); err != nil {
		return Missing(), err
	}
	if len(retrained) < 2 {
		return Missing(), failf(op, ErrDegenerate, "one retrained value has no standard deviation")
	}
	span := before - mean(sorted(retrained))
	if span == 0 || math.Abs(span) < 3*math.Sqrt(variance(retrained)) {
		return Missing(), nil
	}
	return Float((before - unlearned) / span), nil
}
