package verdict

import (
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Exposure is what an audit shows of one example. It says nothing with certainty
// unless P is small: of many examples some look exposed by chance.
type Exposure struct {
	Example int // position in the design
	// AUC is the share of pairs of a forgotten and a never-seen answer in which the
	// forgotten one is higher, ½ if nothing is left.
	AUC float64
	// Z is the mean difference of the two in standard deviations of the example, in
	// units of its own deviation over deals, over all queries.
	Z float64
	// P is the probability that any example has so large a Z, up or down, if nothing
	// is left of any.
	P float64
	// Memorised is how much higher the answers are under models that retain the
	// example, in standard deviations.
	Memorised float64
	// W1 is the distance of the logit gaps of models that forgot the example from
	// those of retrained ones; missing where there are none.
	W1 attacks.Float
}

// MostMemorised marks the tenth of the examples, at least one, that models know best:
// where there is most to forget.
func MostMemorised(exposures []Exposure) []bool {
	x := make([]float64, len(exposures))
	for i, e := range exposures {
		x[i] = e.Memorised
	}
	return tenth(x)
}

// tenth marks the largest tenth of x, at least one of them.
func tenth(x []float64) []bool {
	s := slices.Clone(x)
	slices.Sort(s)
	least := s[len(s)-max(len(s)/10, 1)]
	out := make([]bool, len(x))
	for i, v := range x {
		out[i] = v >= least
	}
	return out
}

// exposures returns one for each audited example, in their order.
func (p *privacy) exposures() []Exposure {
	s := p.strata
	out := make([]Exposure, len(p.audited))
	rank := ranks(s, p.query[0].raw)
	sum, variance := make([]float64, len(out)), make([]float64, len(out))
	ranksum, pairs := make([]float64, len(out)), make([]float64, len(out))
	for k, i := range s.audited {
		from, to := s.start[k], s.start[k+1]
		n, f := float64(to-from), float64(s.forgotten[k])
		pairs[i] += f * (n - f)
		ranksum[i] -= f * (f - 1) / 2
		for j := from; j < to; j++ {
			variance[i] += f * (n - f) / n / (n - 1) * p.mixed[j] * p.mixed[j]
			if s.isForgot[j] {
				sum[i] += p.mixed[j]
				ranksum[i] += rank[j]
			}
		}
	}
	worst := p.worstOfDeals()
	for i := range out {
		out[i] = Exposure{Example: p.audited[i], AUC: 0.5, P: 1, Memorised: p.weight[i], W1: attacks.Missing()}
		if pairs[i] > 0 {
			out[i].AUC = ranksum[i] / pairs[i]
		}
		if variance[i] > 0 {
			out[i].Z = sum[i] / math.Sqrt(variance[i])
			out[i].P = shareAtLeast(worst, out[i].Z*out[i].Z)
		}
	}
	return out
}

// worstOfDeals returns the largest squared Z of any example in each deal, ascending.
func (p *privacy) worstOfDeals() []float64 {
	for i, name := range p.traces.names {
		if name == "worst example, mean over queries" || len(p.query) == 1 && name == "worst example" {
			w := slices.Clone(p.traces.stats[i])
			slices.Sort(w)
			return w
		}
	}
	return nil
}

// shareAtLeast is the share of ascending values that are at least v, but for
// rounding.
func shareAtLeast(x []float64, v float64) float64 {
	v -= rounding * math.Abs(v)
	n, _ := slices.BinarySearch(x, v)
	return float64(len(x)-n) / float64(len(x))
}

// expose fills in the distances of single examples.
func (c *closeness) expose(exposures []Exposure) {
	p := c.group[attacks.Forgotten]
	for i := 0; i < len(p.example); {
		e, from := p.example[i], i
		for ; i < len(p.example) && p.example[i] == e; i++ {
		}
		if w, err := attacks.Wasserstein1(p.a[from:i], p.b[from:i]); err == nil {
			exposures[c.at[e]].W1 = attacks.Float(w)
		}
	}
}
