package attacks

import "math"

// ROC is the exact receiver operating characteristic of two samples: one point
// per distinct score, ties resolved by moving along both axes at once.
//
// Point k is the rule "member iff score ≥ Threshold[k]" with TP[k] of Pos
// members and FP[k] of Neg non-members accepted. Point 0 accepts nobody; its
// Threshold is +Inf by convention, even where scores are +Inf themselves.
type ROC struct {
	Threshold []float64
	TP, FP    []int
	Pos, Neg  int
}

// NewROC computes the curve in O(n log n). Errors wrap ErrEmpty and
// ErrNotFinite (NaN, with its index); infinite scores are ordered as usual.
func NewROC(members, nonMembers []float64) (*ROC, error) {
	if err := checkPair("NewROC", members, nonMembers); err != nil {
		return nil, err
	}
	return rocSorted(sorted(members), sorted(nonMembers)), nil
}

// rocSorted walks two ascending samples from the top.
func rocSorted(in, out []float64) *ROC {
	r := &ROC{Pos: len(in), Neg: len(out)}
	r.add(math.Inf(1), 0, 0)
	i, j := len(in), len(out)
	for i > 0 || j > 0 {
		t := math.Inf(-1)
		if i > 0 {
			t = in[i-1]
		}
		if j > 0 {
			t = max(t, out[j-1])
		}
		for i > 0 && in[i-1] == t {
			i--
		}
		for j > 0 && out[j-1] == t {
			j--
		}
		r.add(t, len(in)-i, len(out)-j)
	}
	return r
}

func (r *ROC) add(t float64, tp, fp int) {
	r.Threshold = append(r.Threshold, t)
	r.TP = append(r.TP, tp)
	r.FP = append(r.FP, fp)
}

// Len returns the number of points, the two corners included.
func (r *ROC) Len() int { return len(r.TP) }

// TPR returns the true-positive rate of point k.
func (r *ROC) TPR(k int) float64 { return float64(r.TP[k]) / float64(r.Pos) }

// FPR returns the false-positive rate of point k.
func (r *ROC) FPR(k int) float64 { return float64(r.FP[k]) / float64(r.Neg) }

// AUC returns the area under the trapezoidal curve, which equals the
// Mann–Whitney probability P(S⁺ > S⁻) + ½P(S⁺ = S⁻). It is accumulated in
// integers, hence exact to the last division.
func (r *ROC) AUC() float64 {
	twice := 0.0 // an integer below 2^53 for any sample that fits in memory
	for k := 1; k < r.Len(); k++ {
		twice += float64(r.FP[k]-r.FP[k-1]) * float64(r.TP[k]+r.TP[k-1])
	}
	return twice / (2 * float64(r.Pos) * float64(r.Neg))
}

// Hull returns the indices of the points on the upper convex hull, from (0,0)
// to (1,1): the rules reachable by mixing thresholds at random.
func (r *ROC) Hull() []int {
	var hull []int
	for k := range r.TP {
		for len(hull) >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			// b stays only if it lies strictly above the chord from a to k.
			cross := float64(r.FP[b]-r.FP[a])*float64(r.TP[k]-r.TP[a]) -
				float64(r.TP[b]-r.TP[a])*float64(r.FP[k]-r.FP[a])
			if cross < 0 {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, k)
	}
	return hull
}

// HullAUC returns the area under the upper convex hull. It is ≥ AUC and biased
// upwards: without any signal its mean is above ½, so never compare it with an
// AUC.
func (r *ROC) HullAUC() float64 {
	twice := 0.0
	hull := r.Hull()
	for i := 1; i < len(hull); i++ {
		a, b := hull[i-1], hull[i]
		twice += float64(r.FP[b]-r.FP[a]) * float64(r.TP[b]+r.TP[a])
	}
	return twice / (2 * float64(r.Pos) * float64(r.Neg))
}

// BalancedAccuracy returns max_k ½(TPR + 1 − FPR) and the first k attaining
// it. The threshold is chosen on the data it is scored on, so the value is ≥ ½
// and optimistic; FitThreshold separates the two.
func (r *ROC) BalancedAccuracy() (value float64, k int) {
	best := math.Inf(-1)
	for i := range r.TP {
		// Cross-multiplied: integers, so ties are ties on every machine.
		if j := float64(r.TP[i])*float64(r.Neg) - float64(r.FP[i])*float64(r.Pos); j > best {
			best, k = j, i
		}
	}
	return 0.5 + 0.5*best/(float64(r.Pos)*float64(r.Neg)), k
}

// AUC returns the Mann–Whitney area P(S⁺ > S⁻) + ½P(S⁺ = S⁻): ½ for constant
// scores. Swapping the samples gives 1 − AUC.
func AUC(members, nonMembers []float64) (float64, error) {
	r, err := NewROC(members, nonMembers)
	if err != nil {
		return 0, err
	}
	return r.AUC(), nil
}

// HullAUC returns the area under the ROC's upper convex hull; see ROC.HullAUC.
func HullAUC(members, nonMembers []float64) (float64, error) {
	r, err := NewROC(members, nonMembers)
	if err != nil {
		return 0, err
	}
	return r.HullAUC(), nil
}

// BalancedAccuracy returns the best balanced accuracy over all thresholds of
// the rule "score ≥ t"; see ROC.BalancedAccuracy for its optimism.
func BalancedAccuracy(members, nonMembers []float64) (float64, error) {
	r, err := NewROC(members, nonMembers)
	if err != nil {
		return 0, err
	}
	v, _ := r.BalancedAccuracy()
	return v, nil
}

// Advantage returns max_t (TPR − FPR) = 2·BalancedAccuracy − 1, the membership
// advantage of Yeom et al. (CSF 2018, Definition 4) at the best threshold.
func Advantage(members, nonMembers []float64) (float64, error) {
	v, err := BalancedAccuracy(members, nonMembers)
	return 2*v - 1, err
}
