package attacks

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// GapResult is the outcome of the gap attack.
type GapResult struct {
	MemberAccuracy    float64  `json:"member_accuracy"`
	NonMemberAccuracy float64  `json:"non_member_accuracy"`
	BalancedAccuracy  Interval `json:"balanced_accuracy"`
}

// GapAttack predicts "member" iff the model classifies the example correctly
// (Yeom et al., CSF 2018): balanced accuracy ½ + ½(acc_members − acc_non). It
// is the floor every other attack has to beat, and needs labels only.
//
// memberCorrect and nonMemberCorrect hold 0 or 1, as from Correctness. The
// interval is Newcombe's hybrid score interval for a difference of two
// proportions (Statistics in Medicine 17, 1998, method 10). Below ½ the model
// is worse on the members: over-unlearning.
func GapAttack(memberCorrect, nonMemberCorrect []float64, level float64) (*GapResult, error) {
	const op = "GapAttack"
	level = orDefault(level, 0.95)
	if err := checkOpen(op, "level", level); err != nil {
		return nil, err
	}
	p, n, err := proportion(op, "memberCorrect", memberCorrect)
	if err != nil {
		return nil, err
	}
	q, m, err := proportion(op, "nonMemberCorrect", nonMemberCorrect)
	if err != nil {
		return nil, err
	}
	z := mathext.NormalQuantile(0.5 + level/2)
	lp, up := wilson(p, n, z)
	lq, uq := wilson(q, m, z)
	d := p - q
	low := d - math.Hypot(p-lp, uq-q)
	high := d + math.Hypot(up-p, q-lq)
	return &GapResult{
		MemberAccuracy: p, NonMemberAccuracy: q,
		BalancedAccuracy: Interval{
			Estimate: 0.5 + d/2, Low: 0.5 + low/2, High: 0.5 + high/2, Level: level, Method: "newcombe",
		},
	}, nil
}

func proportion(op, arg string, x []float64) (p, n float64, err error) {
	if len(x) == 0 {
		return 0, 0, failf(op, ErrEmpty, "%s holds no value", arg)
	}
	for i, v := range x {
		if v != 0 && v != 1 {
			return 0, 0, &ValueError{Op: op, Arg: arg, Index: i, Value: v, Err: ErrRange}
		}
		p += v
	}
	n = float64(len(x))
	return p / n, n, nil
}

// wilson is the score interval of a proportion.
func wilson(p, n, z float64) (low, high float64) {
	c := p + z*z/(2*n)
	h := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	d := 1 + z*z/n
	return (c - h) / d, (c + h) / d
}
