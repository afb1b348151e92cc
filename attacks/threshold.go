package attacks

import "math"

// FitThreshold returns the threshold t of the rule "score ≥ t" with the best
// balanced accuracy on a shadow's samples, to be applied to a target's with
// ThresholdAccuracy. +Inf (accept nobody) is returned when no threshold beats
// chance, constant scores included.
func FitThreshold(members, nonMembers []float64) (float64, error) {
	r, err := NewROC(members, nonMembers)
	if err != nil {
		return 0, err
	}
	_, k := r.BalancedAccuracy()
	return r.Threshold[k], nil
}

// ThresholdAccuracy returns the balanced accuracy ½(TPR + 1 − FPR) of the rule
// "score ≥ t". Unlike BalancedAccuracy it is unbiased when t was fitted on
// other data. t = +Inf accepts nobody; NaN wraps ErrNotFinite.
func ThresholdAccuracy(t float64, members, nonMembers []float64) (float64, error) {
	const op = "ThresholdAccuracy"
	if math.IsNaN(t) {
		return 0, &ValueError{Op: op, Arg: "t", Index: -1, Value: t, Err: ErrNotFinite}
	}
	if err := checkPair(op, members, nonMembers); err != nil {
		return 0, err
	}
	tpr := float64(countAtLeast(members, t)) / float64(len(members))
	fpr := float64(countAtLeast(nonMembers, t)) / float64(len(nonMembers))
	return 0.5 * (tpr + 1 - fpr), nil
}

func countAtLeast(x []float64, t float64) int {
	n := 0
	if math.IsInf(t, 1) {
		return 0
	}
	for _, v := range x {
		if v >= t {
			n++
		}
	}
	return n
}

// ClassThresholds holds one fitted threshold per class (Song & Mittal 2021,
// section 4): losses of easy and hard classes are not comparable.
type ClassThresholds struct {
	Threshold []float64 // per class; +Inf accepts nobody
}

// FitClassThresholds fits FitThreshold per class on a shadow model's pools.
// A class without a member or without a non-member wraps ErrOneClass: it has
// no threshold, and guessing one would hide that.
func FitClassThresholds[L Label](members []float64, memberLabels []L, nonMembers []float64, nonMemberLabels []L, classes int) (*ClassThresholds, error) {
	const op = "FitClassThresholds"
	in, err := splitByClass(op, "members", members, memberLabels, classes)
	if err != nil {
		return nil, err
	}
	out, err := splitByClass(op, "nonMembers", nonMembers, nonMemberLabels, classes)
	if err != nil {
		return nil, err
	}
	c := &ClassThresholds{Threshold: make([]float64, classes)}
	for k := range classes {
		if len(in[k]) == 0 || len(out[k]) == 0 {
			return nil, failf(op, ErrOneClass, "class %d has %d members and %d non-members", k, len(in[k]), len(out[k]))
		}
		if c.Threshold[k], err = FitThreshold(in[k], out[k]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// ClassScores returns score − threshold of each example's class: ≥ 0 is the
// verdict "member", and the value ranks examples across classes. A class that
// accepts nobody gives −Inf.
func ClassScores[L Label](c *ClassThresholds, scores []float64, labels []L) ([]float64, error) {
	const op = "ClassScores"
	if err := checkFinite(op, "scores", scores); err != nil {
		return nil, err
	}
	if err := checkScores(op, "c.Threshold", c.Threshold); err != nil {
		return nil, err
	}
	if len(labels) != len(scores) {
		return nil, &ShapeError{Op: op, Arg: "labels", Got: len(labels), Want: len(scores)}
	}
	out := make([]float64, len(scores))
	for i, l := range labels {
		y := int64(l)
		if y < 0 || y >= int64(len(c.Threshold)) {
			return nil, &ValueError{Op: op, Arg: "labels", Index: i, Value: float64(y), Err: ErrLabel}
		}
		out[i] = scores[i] - c.Threshold[y]
	}
	return out, nil
}

func splitByClass[L Label](op, arg string, scores []float64, labels []L, classes int) ([][]float64, error) {
	if classes < 1 {
		return nil, failf(op, ErrRange, "classes is %d, want at least 1", classes)
	}
	if err := checkFinite(op, arg, scores); err != nil {
		return nil, err
	}
	if len(labels) != len(scores) {
		return nil, &ShapeError{Op: op, Arg: arg + " labels", Got: len(labels), Want: len(scores)}
	}
	by := make([][]float64, classes)
	for i, l := range labels {
		y := int64(l)
		if y < 0 || y >= int64(classes) {
			return nil, &ValueError{Op: op, Arg: arg + " labels", Index: i, Value: float64(y), Err: ErrLabel}
		}
		by[y] = append(by[y], scores[i])
	}
	return by, nil
}
