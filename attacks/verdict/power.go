package verdict

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// power is the probability of a find that what is called detectable has.
const power = 0.8

var powerQuantile = mathext.NormalQuantile(power)

// beyond is how many standard deviations a two-sided statistic has to lie from its
// mean for a find.
func (o outcome) beyond() float64 {
	if o.critical <= 0 {
		return math.Inf(1)
	}
	return -mathext.NormalQuantile(o.critical / 2)
}

// plantings is how often a leak is planted to see what it does on average.
const plantings = 5

// detectableShare returns the smallest share that, planted, moves a statistic by as
// many standard deviations as a find takes with the probability power; +Inf if all
// does not. moves must grow with the share.
func detectableShare(needed float64, moves func(share float64, rng *rand.Rand) float64, seed uint64) float64 {
	mean := func(share float64) float64 {
		sum := 0.0
		for i := range uint64(plantings) {
			sum += moves(share, purpose.Rand(seed, purpose.Plant, i)) / plantings
		}
		return sum
	}
	if !(mean(1) >= needed) {
		return math.Inf(1)
	}
	lo, hi := 0.0, 1.0
	for hi-lo > 0.02*hi {
		if mid := (lo + hi) / 2; mean(mid) >= needed {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// detectable returns the smallest share of what the model before unlearning leaks
// that the test of direction would find with the probability power: of a method
// that answers as before for a share of what it is asked to forget, drawn at random,
// and otherwise as it does.
func (p *privacy) detectable(method, before *Answers, o outcome) float64 {
	s := p.strata
	var now, then [][]float64
	for q := range method.Logits {
		now, then = append(now, p.gaps(s, method, q)), append(then, p.gaps(s, before, q))
	}
	// The distance of both weighted statistics, of the example and over all queries.
	distance := func(gaps [][]float64) [2]float64 {
		mixed := make([]float64, len(s.model))
		var first *residuals
		for q, x := range gaps {
			r := p.residualsOf(s, x)
			if q == 0 {
				first = r
			}
			for j, v := range r.scaled {
				mixed[j] += v / float64(len(gaps))
			}
		}
		weight := p.retained.memorised(s, first)
		return [2]float64{s.distance(first.scaled, weight), s.distance(mixed, weight)}
	}
	cloned := func() [][]float64 {
		c := make([][]float64, len(now))
		for q := range c {
			c[q] = append([]float64(nil), now[q]...)
		}
		return c
	}
	start := distance(cloned())
	return detectableShare(o.beyond()+powerQuantile, func(share float64, rng *rand.Rand) float64 {
		planted := cloned()
		for j, forgot := range s.isForgot {
			if forgot && rng.Float64() < share {
				for q := range planted {
					planted[q][j] = then[q][j]
				}
			}
		}
		end := distance(planted)
		return max(math.Abs(end[0]-start[0]), math.Abs(end[1]-start[1]))
	}, p.cfg.Seed)
}

// distance is how many standard deviations over deals the weighted sum of a feature,
// of mean 0 in each stratum, lies above its mean.
func (s *strata) distance(x, weight []float64) float64 {
	sum, variance := 0.0, 0.0
	for k, i := range s.audited {
		n, f := float64(s.start[k+1]-s.start[k]), float64(s.forgotten[k])
		squares := 0.0
		for j := s.start[k]; j < s.start[k+1]; j++ {
			if s.isForgot[j] {
				sum += weight[i] * x[j]
			}
			squares += x[j] * x[j]
		}
		variance += weight[i] * weight[i] * f * (n - f) / n / (n - 1) * squares
	}
	if variance == 0 {
		return 0
	}
	return sum / math.Sqrt(variance)
}

// detectable returns the smallest share of what tells the model before unlearning
// from retraining on forgotten examples, in the mean, that this test would find
// with the probability power.
func (c *closeness) detectable(before *Answers, o outcome) float64 {
	queries := c.forgottenOf()
	then := make([][]float64, len(queries))
	for q, p := range queries {
		for i, e := range p.example {
			then[q] = append(then[q], gap(c.row(before, q, int(p.model[i]), int(e)), c.Labels[e]))
		}
	}
	// The distances of all statistics of the mean, of pairs that are swapped as sign
	// says and whose first halves are then planted where the draw says so.
	distance := func(sign func(m int32) bool, planted []bool) [4]float64 {
		var moved []*pairs
		for q, p := range queries {
			x := &pairs{model: p.model, example: p.example, a: append([]float64(nil), p.a...), b: append([]float64(nil), p.b...)}
			for i := range x.a {
				if sign(p.model[i]) {
					x.a[i], x.b[i] = x.b[i], x.a[i]
				}
				if planted[i] {
					x.a[i] = then[q][i]
				}
			}
			x.scale(c.examples)
			moved = append(moved, x)
		}
		mixed := mixedDiff(moved)
		var d [4]float64
		for k, x := range [][]float64{moved[0].diff, c.weighted(moved[0].diff), mixed, c.weighted(mixed)} {
			sum, ss := 0.0, 0.0
			for _, v := range queries[0].perModel(c.models, x) {
				sum += v
				ss += v * v
			}
			if ss > 0 {
				d[k] = sum / math.Sqrt(ss)
			}
		}
		return d
	}
	// Each swap comes with its opposite, so that what the pairs show themselves
	// cancels.
	return detectableShare(o.beyond()+powerQuantile, func(share float64, rng *rand.Rand) float64 {
		swap := make([]bool, c.models)
		for m := range swap {
			swap[m] = rng.IntN(2) == 1
		}
		planted := make([]bool, len(queries[0].a))
		for i := range planted {
			planted[i] = rng.Float64() < share
		}
		one := distance(func(m int32) bool { return swap[m] }, planted)
		two := distance(func(m int32) bool { return !swap[m] }, planted)
		most := 0.0
		for k := range one {
			most = max(most, math.Abs(one[k]+two[k])/2)
		}
		return most
	}, c.cfg.Seed)
}

// detectable returns the smallest loss of accuracy on unseen or on retained
// examples, whichever is larger, that would be found with the probability power.
// The deviation of the differences is never taken for less than one example of one
// model: a method that never errs where retraining does not either shows nothing of
// how it would err.
func (u *utility) detectable(o outcome, examples, models int) float64 {
	if o.critical <= 0 {
		return math.Inf(1)
	}
	// A loss x in each of n models, whose differences have the deviation σ, lies
	// √n·x/√(σ² + x²) from the mean of its swaps.
	n, z := float64(models), powerQuantile-mathext.NormalQuantile(o.critical)
	if n <= z*z {
		return math.Inf(1)
	}
	worst := 0.0
	for _, a := range u.accuracy {
		sigma := math.Sqrt(n) * math.Max(a.sd, 1/float64(examples)/n)
		worst = max(worst, sigma*z/math.Sqrt(n-z*z))
	}
	return worst
}
