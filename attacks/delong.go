package attacks

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// DeLong returns the Mann–Whitney AUC with an interval of the given level from
// the variance of DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988),
// formed on the logit scale so that it stays in [0, 1].
//
// Each sample needs two scores. Perfect separation has no estimated variance:
// the interval's inner end is then (α/2)^{1/min(n,m)}, exact for min(n,m)
// independent pairs, and Degenerate is set. Constant scores give [½, ½] with
// Degenerate set: such a sample says nothing about its population.
func DeLong(members, nonMembers []float64, level float64) (Interval, error) {
	const op = "DeLong"
	p, err := newPlacements(op, members, nonMembers)
	if err != nil {
		return Interval{}, err
	}
	if err := checkOpen(op, "level", level); err != nil {
		return Interval{}, err
	}
	v := variance(p.in)/float64(len(p.in)) + variance(p.out)/float64(len(p.out))
	return p.interval(math.Sqrt(v), mathext.NormalQuantile(0.5+level/2), min(len(p.in), len(p.out)), level, "delong"), nil
}

// DeLongClustered is DeLong for scores that are dependent within clusters,
// such as all scores taken from one model: the variance sums the components of
// each cluster first (Obuchowski, Biometrics 53, 1997), and the quantile is
// Student's with clusters−1 degrees of freedom. memberCluster[i] and
// nonMemberCluster[j] are arbitrary cluster numbers; at least two must occur.
//
// Under perfect separation n and m of DeLong's bound are the numbers of
// clusters that hold members and non-members: many scores of one model are no
// more evidence than one. Clusters that all agree to the last digits have no
// estimated variance: the interval is [AUC, AUC], Degenerate.
func DeLongClustered(members, nonMembers []float64, memberCluster, nonMemberCluster []int, level float64) (Interval, error) {
	const op = "DeLongClustered"
	p, err := newPlacements(op, members, nonMembers)
	if err != nil {
		return Interval{}, err
	}
	if err := checkOpen(op, "level", level); err != nil {
		return Interval{}, err
	}
	if len(memberCluster) != len(members) {
		return Interval{}, &ShapeError{Op: op, Arg: "memberCluster", Got: len(memberCluster), Want: len(members)}
	}
	if len(nonMemberCluster) != len(nonMembers) {
		return Interval{}, &ShapeError{Op: op, Arg: "nonMemberCluster", Got: len(nonMemberCluster), Want: len(nonMembers)}
	}
	se, k, err := p.clusteredError(op, memberCluster, nonMemberCluster)
	if err != nil {
		return Interval{}, err
	}
	pairs := min(distinct(memberCluster), distinct(nonMemberCluster))
	return p.interval(se, studentQuantile(0.5+level/2, k-1), pairs, level, "delong-clustered"), nil
}

// clusteredError is the standard error of the AUC from the components of each of k
// clusters.
func (p *placements) clusteredError(op string, inCluster, outCluster []int) (se, k float64, err error) {
	parts := map[int][]float64{}
	for i, v := range p.in {
		parts[inCluster[i]] = append(parts[inCluster[i]], (v-p.auc)/float64(len(p.in)))
	}
	for j, v := range p.out {
		parts[outCluster[j]] = append(parts[outCluster[j]], (v-p.auc)/float64(len(p.out)))
	}
	if len(parts) < 2 {
		return 0, 0, failf(op, ErrRange, "one cluster, want at least 2")
	}
	// Every sum runs in sorted order: neither the order of examples nor that
	// of the map may change a bit.
	squares := make([]float64, 0, len(parts))
	for _, x := range parts {
		s := sum(sorted(x))
		squares = append(squares, s*s)
	}
	k = float64(len(parts))
	se = math.Sqrt(sum(sorted(squares)) * k / (k - 1))
	if se < 1e-12 { // sums that cancel but for rounding
		se = 0
	}
	return se, k, nil
}

// studentQuantile is the p quantile of Student's t.
func studentQuantile(p, dof float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: dof}.Quantile(p)
}

// distinct counts the different numbers in x.
func distinct(x []int) int {
	seen := map[int]bool{}
	for _, v := range x {
		seen[v] = true
	}
	return len(seen)
}

// DeLongDifference returns AUC(A) − AUC(B) with a Wald interval for two
// scorings of the same members and non-members (paired by index), such as an
// unlearned and a retrained model: the covariance of the two curves is used,
// so shared examples do not widen the interval. It is clipped to [−1, 1] and
// has Degenerate set where its variance is zero: of a difference other than 0,
// such an interval of no width is no evidence.
func DeLongDifference(membersA, nonMembersA, membersB, nonMembersB []float64, level float64) (Interval, error) {
	const op = "DeLongDifference"
	if err := checkOpen(op, "level", level); err != nil {
		return Interval{}, err
	}
	if len(membersB) != len(membersA) {
		return Interval{}, &ShapeError{Op: op, Arg: "membersB", Got: len(membersB), Want: len(membersA)}
	}
	if len(nonMembersB) != len(nonMembersA) {
		return Interval{}, &ShapeError{Op: op, Arg: "nonMembersB", Got: len(nonMembersB), Want: len(nonMembersA)}
	}
	a, err := newPlacements(op, membersA, nonMembersA)
	if err != nil {
		return Interval{}, err
	}
	b, err := newPlacements(op, membersB, nonMembersB)
	if err != nil {
		return Interval{}, err
	}
	in := make([]float64, len(a.in))
	for i := range in {
		in[i] = a.in[i] - b.in[i]
	}
	out := make([]float64, len(a.out))
	for j := range out {
		out[j] = a.out[j] - b.out[j]
	}
	se := math.Sqrt(variance(in)/float64(len(in)) + variance(out)/float64(len(out)))
	d, h := a.auc-b.auc, mathext.NormalQuantile(0.5+level/2)*se
	return Interval{
		Estimate: d, Low: max(d-h, -1), High: min(d+h, 1), Level: level,
		Method: "delong-paired", Degenerate: se == 0,
	}, nil
}

// placements are DeLong's structural components: in[i] is the share of
// non-members below member i (ties half), out[j] the share of members above
// non-member j. Both average to the AUC.
type placements struct {
	auc     float64
	in, out []float64
}

func newPlacements(op string, members, nonMembers []float64) (*placements, error) {
	if err := checkPair(op, members, nonMembers); err != nil {
		return nil, err
	}
	if len(members) < 2 || len(nonMembers) < 2 {
		return nil, failf(op, ErrDegenerate, "%d members and %d non-members; a variance needs 2 of each", len(members), len(nonMembers))
	}
	si, so := sorted(members), sorted(nonMembers)
	p := &placements{auc: rocSorted(si, so).AUC(), in: place(members, so), out: place(nonMembers, si)}
	for j := range p.out {
		p.out[j] = 1 - p.out[j]
	}
	return p, nil
}

// place returns for each x the share of the ascending sample below it, ties half.
func place(x, sample []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		below := sort.SearchFloat64s(sample, v)
		upTo := below + sort.Search(len(sample)-below, func(k int) bool { return sample[below+k] > v })
		out[i] = float64(below+upTo) / (2 * float64(len(sample)))
	}
	return out
}

// interval is AUC ± q·se on the logit scale, or under perfect separation the
// exact bound for the given number of independent pairs.
func (p *placements) interval(se, q float64, pairs int, level float64, method string) Interval {
	iv := Interval{Estimate: p.auc, Low: p.auc, High: p.auc, Level: level, Method: method}
	switch {
	case p.auc == 0 || p.auc == 1:
		iv.Degenerate = true
		bound := math.Exp(math.Log((1-level)/2) / float64(pairs))
		if p.auc == 1 {
			iv.Low = bound
		} else {
			iv.High = 1 - bound
		}
	case se == 0:
		iv.Degenerate = true
	default:
		iv.Low, iv.High = logitInterval(p.auc, se, q)
	}
	return iv
}
