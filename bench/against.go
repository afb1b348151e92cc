package bench

import (
	"fmt"
	"math"
	"strings"
)

// Against returns a Markdown table that compares a method with each rival of
// its own cost, as "mini:0.1" with "finetune:0.1", in test accuracy, in how near to 1
// the excess removed is, and in KL on the test set: the measures in which its mean is better, those
// in which it is so by more than both 95% intervals together (bold), and those in
// which it is that much worse; "(as retraining)" where retraining itself is. A
// rival with the better means in accuracy and forgetting is marked. A measure of
// which only one of several seeds has a value is not compared: it has no
// interval. It is an error if the method has no rival.
func (t *Table) Against(method string) (string, error) {
	measures := []measure{
		{Column{"test %", "", Level, 2, func(r Result) Float { return r.TestAcc }}, 1},
		{Column{"removed", "", Level, 2, func(r Result) Float { return r.ExcessRemoved }}, 0},
		{Column{"KL", "", Distance, 4, func(r Result) Float { return r.KLTest }}, -1},
	}
	rivals := 0
	var b strings.Builder
	fmt.Fprintf(&b, "| forget | cost | rival | %s is better in | worse beyond the intervals in | rival better in both test %% and removed |\n|---|---:|---|---|---|---|\n", method)
	for _, g := range t.Groups() {
		by := g.of
		for _, name := range g.Methods {
			kind, cost, ok := strings.Cut(name, ":")
			mine := by[method+":"+cost]
			if !ok || kind == method || mine == nil {
				continue
			}
			rivals++
			var better, worse []string
			behind := 0
			for i, m := range measures {
				gap, clear := m.ahead(mine, by[name])
				switch { // a missing mean is NaN: none
				case gap > 0 && clear:
					better = append(better, "**"+m.Head+"**")
				case gap > 0:
					better = append(better, m.Head)
				case gap < 0 && clear:
					head := m.Head
					if gap, clear := m.ahead(by["retrain"], by[name]); gap < 0 && clear {
						head += " (as retraining)"
					}
					worse = append(worse, head)
				}
				if i < 2 && gap < 0 {
					behind++
				}
			}
			both := ""
			if behind == 2 {
				both = "yes"
			}
			// The measures' bold type is markup; the names are not.
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", markdownEscapes.Replace(g.Forget), markdownEscapes.Replace(cost),
				markdownEscapes.Replace(kind), strings.Join(better, ", "), strings.Join(worse, ", "), both)
		}
	}
	if rivals == 0 {
		return "", fmt.Errorf("bench: no results of %s:COST with rivals of the same cost", method)
	}
	return b.String(), nil
}

// measure is a column in which methods are compared.
type measure struct {
	Column
	sign float64 // 1: more is better, −1: less is, 0: what is nearer to 1
}

// ahead returns by how much results are better than those of a rival, NaN if they
// cannot be compared, and whether that is more than both intervals together.
func (m measure) ahead(mine, rival []Result) (gap float64, clear bool) {
	for _, rs := range [][]Result{mine, rival} {
		if len(rs) > 1 && len(m.values(rs)) == 1 {
			return math.NaN(), false
		}
	}
	a, r := m.Summary(mine), m.Summary(rival)
	if gap = m.sign * (a.Mean - r.Mean); m.sign == 0 {
		gap = math.Abs(r.Mean-1) - math.Abs(a.Mean-1)
	}
	return gap, math.Abs(gap) > a.Half+r.Half
}
