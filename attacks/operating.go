package attacks

import "math"

// StandardFPRs are the false-positive rates every report shows: 10, 1, 0.1 and
// 0.01 per cent (Carlini et al., S&P 2022, argue for the low ones).
var StandardFPRs = []float64{0.1, 0.01, 0.001, 0.0001}

// OperatingPoint is a ROC read at a fixed false-positive rate.
type OperatingPoint struct {
	Target     float64 `json:"target_fpr"`  // the rate asked for
	FPR        float64 `json:"fpr"`         // the rate achieved, never above Target
	TPR        float64 `json:"tpr"`         // the true-positive rate there
	TPRLow     float64 `json:"tpr_low"`     // interval of TPR ...
	TPRHigh    float64 `json:"tpr_high"`    // ... at this threshold, taken as given
	FPRHigh    float64 `json:"fpr_high"`    // one-sided upper bound of the true FPR
	Method     string  `json:"method"`      // of the bounds: clopper-pearson, or of games korn-graubard
	Threshold  Float   `json:"threshold"`   // member iff score ≥ Threshold
	Level      float64 `json:"level"`       // of the interval and of the bound
	Resolvable bool    `json:"resolvable"`  // false when Neg·Target < 1
	NonMembers int     `json:"non_members"` // Neg
	Members    int     `json:"members"`     // Pos
	FalsePos   int     `json:"false_pos"`   // accepted non-members
	TruePos    int     `json:"true_pos"`    // accepted members
}

// TPRAtFPR returns the largest TPR whose achieved FPR does not exceed target,
// with a 95% Clopper–Pearson interval for the TPR at that threshold.
//
// With fewer than 1/target non-members a single false positive already exceeds
// the target: Resolvable is then false and the point is the zero-false-positive
// one, a lower bound that no sample of this size can sharpen.
func TPRAtFPR(members, nonMembers []float64, target float64) (OperatingPoint, error) {
	r, err := NewROC(members, nonMembers)
	if err != nil {
		return OperatingPoint{}, err
	}
	return r.TPRAt(target, 0.95)
}

// TPRAt is TPRAtFPR on a computed curve with a chosen confidence level.
// target is in [0, 1], level in (0, 1).
func (r *ROC) TPRAt(target, level float64) (OperatingPoint, error) {
	const op = "TPRAt"
	if !(target >= 0 && target <= 1) {
		return OperatingPoint{}, &ValueError{Op: op, Arg: "target", Index: -1, Value: target, Err: ErrRange}
	}
	if err := checkOpen(op, "level", level); err != nil {
		return OperatingPoint{}, err
	}
	// Rates are compared as counts: k/Neg ≤ target iff k ≤ ⌊target·Neg⌋, with
	// a guard of one part in 1e12 because 0.1·30 is 3.0000000000000004.
	allowed := int(math.Floor(target * float64(r.Neg) * (1 + 1e-12)))
	k := 0
	for i := range r.FP {
		if r.FP[i] <= allowed && r.TP[i] > r.TP[k] {
			k = i
		}
	}
	p := OperatingPoint{
		Target: target, FPR: r.FPR(k), TPR: r.TPR(k), Threshold: Float(r.Threshold[k]),
		Level: level, Resolvable: allowed >= 1, NonMembers: r.Neg, Members: r.Pos,
		FalsePos: r.FP[k], TruePos: r.TP[k], Method: "clopper-pearson",
	}
	p.TPRLow, p.TPRHigh = clopperPearson(r.TP[k], r.Pos, 1-level)
	p.FPRHigh = binomialUpper(r.FP[k], r.Neg, 1-level)
	return p, nil
}

// accepts returns which of the scores the point's rule calls members.
func (p *OperatingPoint) accepts(scores []float64) []bool {
	out := make([]bool, len(scores))
	if p.TruePos == 0 { // the corner that accepts nobody, not even +Inf
		return out
	}
	for i, v := range scores {
		out[i] = v >= float64(p.Threshold)
	}
	return out
}
