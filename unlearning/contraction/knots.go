package contraction

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/interp"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// knots interpolates a slowly changing vector from its values at some epochs:
// by a cubic spline, or a straight line if there are fewer than four, in the
// logarithm of learning time, since runs change fast at first and slowly later.
type knots struct {
	epochs []int
	values []*graph.Tensor // at epochs
	cut    []int           // recorded epochs that cannot be knots, since the run or the window cuts them
	x      []float64       // logarithm of the learning time of every epoch, epoch from being x[0]
	from   int
	weigh  []interp.Predictor // cardinal functions: 1 at one knot, 0 at the others
}

// newKnots chooses n of the epochs called whole, which lie between from and to. It
// chooses fewer where so many would lie too close to each other, see apart.
func newKnots(s *System, from, to int, whole, cut []int, n int) *knots {
	k := &knots{from: from, cut: cut}
	per := s.Run.Order.StepsPerEpoch()
	// Learning time at the middle of each epoch, in units of that of an average one, as
	// learning time sees them: epochs that hardly move do not count.
	var total, squares float64
	times, moves := make([]float64, to-from), make([]float64, to-from)
	for e := range times {
		var mine float64
		for t := (from + e) * per; t < min((from+e+1)*per, s.Run.Steps); t++ {
			mine += s.Rate(t)
		}
		times[e], moves[e] = total+mine/2, mine
		total += mine
		squares += mine * mine
	}
	unit := 1. // at rates of 0 the run stays at one point, and any times will do
	if total > 0 {
		unit = squares / total
	}
	for _, t := range times {
		k.x = append(k.x, math.Log(1+t/unit))
	}
	whole = k.apart(whole, func(e int) bool { return moves[e-from] > defaults.KnotDistance*unit })
	n = min(n, len(whole))
	x := make([]float64, len(whole))
	for i, e := range whole {
		x[i] = k.x[e-from]
	}
	last, next := len(x)-1, 0
	for i := range n {
		want := x[0]
		if n > 1 {
			want += float64(i) / float64(n-1) * (x[last] - x[0])
		}
		j := min(max(indexNear(x, want), next), last-(n-1-i))
		k.epochs = append(k.epochs, whole[j])
		k.values = append(k.values, s.Model.NewVector())
		next = j + 1
	}
	if n < 2 {
		return k
	}
	xs, ys := make([]float64, n), make([]float64, n)
	for i, e := range k.epochs {
		xs[i] = k.x[e-from]
	}
	for i := range n {
		clear(ys)
		ys[i] = 1
		var f interp.FittablePredictor = &interp.PiecewiseLinear{}
		if n >= 4 {
			f = &interp.NotAKnotCubic{}
		}
		if err := f.Fit(xs, ys); err != nil {
			panic(err) // xs ascend strictly, see apart
		}
		k.weigh = append(k.weigh, f)
	}
	return k
}

// apart returns those of the epochs that are far enough from each other to be knots
// together, of those that move unless none does. Of a run of ten epochs at one rate all are.
// Late epochs are too close where a run has hundreds, or where learning rates have fallen
// by orders of magnitude; and an epoch that does not move tells nothing of the last that did.
func (k *knots) apart(epochs []int, moves func(e int) bool) []int {
	if some := slices.DeleteFunc(slices.Clone(epochs), func(e int) bool { return !moves(e) }); len(some) > 0 {
		epochs = some
	}
	x := func(e int) float64 { return k.x[e-k.from] }
	least := defaults.KnotDistance * (x(epochs[len(epochs)-1]) - x(epochs[0]))
	chosen := epochs[:1:1]
	for _, e := range epochs[1:] {
		if x(e)-x(chosen[len(chosen)-1]) > least {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

func indexNear(x []float64, want float64) int {
	best := 0
	for i, v := range x {
		if math.Abs(v-want) < math.Abs(x[best]-want) {
			best = i
		}
	}
	return best
}

// computed reports whether the disturbances of epoch e are computed: those of knots
// are, and those of a recorded epoch that the run or the window cuts.
func (k *knots) computed(e int) bool {
	return slices.Contains(k.epochs, e) || slices.Contains(k.cut, e)
}

// interpolate sets out to the value at epoch e.
func (k *knots) interpolate(e int, out *graph.Tensor) {
	if len(k.values) == 1 {
		out.Copy(k.values[0])
		return
	}
	out.Zero()
	for i, g := range k.values {
		vector.AddScaled(out, k.weigh[i].Predict(k.x[e-k.from]), g)
	}
}
