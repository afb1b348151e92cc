package unlearning

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// pushedRun returns a request to a short run on the digits, and its pushes.
func pushedRun(t *testing.T, arch nets.Arch, momentum float64, forget func(*data.Dataset) data.ForgetSet) (*request, *graph.Tensor) {
	t.Helper()
	ds := data.Digits().Train
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), arch, ds, nets.Config{
		Epochs: 4, Batch: 50, LR: nets.Cosine(0.2 * (1 - momentum)), Momentum: momentum, WeightDecay: 0.01, Seed: 3, DType: graph.Float64, Hooks: []nets.Hook{rec},
	})
	require.NoError(t, err)
	q, _, err := begin(Erase{}, Problem{Run: run, Forget: forget(ds), History: rec.Record()})
	require.NoError(t, err)
	alpha, err := q.logitGradients()
	require.NoError(t, err)
	return q, alpha
}

func fifth(ds *data.Dataset) data.ForgetSet { return data.RandomForget(ds, 0.2, 7) }

// TestDisturb: for a linear model, J_iᵀ α_i is α_i ⊗ (x_i, 1), so that D and
// the growth can be summed by hand.
func TestDisturb(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		testDisturb(t, momentum)
	}
}

func testDisturb(t *testing.T, momentum float64) {
	q, alpha := pushedRun(t, nets.Logistic(64, 10), momentum, fifth)
	ds, n := q.Run.Data, q.Run.Data.Len()
	size := make([]float64, n)
	var before, after float64
	for i := range size {
		for c := range 10 {
			size[i] += math.Abs(alpha.At(i*10 + c))
		}
		before += size[i]
		after += math.Pow(size[i], 1+emphasis)
	}
	kappa := float64(q.Forget.Len()) / float64(n-q.Forget.Len())
	want, all := make([]float64, q.model.Size()), make([]float64, q.model.Size())
	for i := range n {
		c := 1.0
		if !q.Forget.Contains(i) {
			c = -kappa
		}
		for k := range 10 {
			a := alpha.At(i*10+k) * math.Pow(size[i], emphasis) * before / after
			for f, x := range append(append([]float32(nil), ds.Row(i)...), 1) {
				at := k*64 + f
				if f == 64 {
					at = 640 + k
				}
				want[at] += c * a * float64(x)
				all[at] += a * float64(x)
			}
		}
	}
	left := 1.0
	for s := range q.Run.Steps {
		left *= 1 - 0.01*q.rate(s)/(1-momentum)
	}
	var along, length float64
	for i := range all {
		way := left*q.Run.Initial.At(i) - q.Run.Params.At(i)
		along += way * all[i]
		length += way * way
	}
	list := q.pushed(alpha)
	draw := terms(list)
	d, err := q.sum(alpha, list, draw, n, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	require.Zero(t, d.noise)
	require.InDeltaSlice(t, want, d.sum.Float64s(), 1e-9)
	require.InEpsilon(t, along/length, d.growth, 1e-9)
	require.Equal(t, float64(d.used), q.model.GradEvals())
	var gg, rr, gr float64 // of the sums of U and of the others
	for i := range all {
		r := (all[i] - want[i]) / (1 + kappa)
		g := all[i] - r
		gg, rr, gr = gg+g*g, rr+r*r, gr+g*r
	}
	require.InDelta(t, gr/math.Sqrt(gg*rr), d.cosine, 1e-9)

	// A sample is as noisy as said, and no larger than it needs to be.
	enough, err := q.disturb(alpha, n, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	require.Less(t, enough.noise, stratified*quiet)
	require.Less(t, enough.used, n)
	for _, m := range []int{20, 60} {
		var square, noise float64
		const rounds = 200
		r := rand.New(rand.NewPCG(5, 6))
		for range rounds {
			s, err := q.sum(alpha, list, draw, m, r)
			require.NoError(t, err)
			require.Equal(t, m, s.used)
			noise = s.noise
			for i, v := range want {
				square += math.Pow(s.sum.At(i)-v, 2) / rounds
			}
		}
		// Stratifying makes it less, terms that are not orthogonal may make it more.
		var length float64
		for _, p := range list {
			x := ds.Row(p.id)
			norm := 1.0
			for _, v := range x {
				norm += float64(v) * float64(v)
			}
			var a float64
			for c := range 10 {
				a += math.Pow(p.factor*alpha.At(p.id*10+c), 2)
			}
			if p.group[0] == 1 {
				a *= kappa * kappa
			}
			length += norm * a
		}
		ratio := square / (noise * length)
		require.Greater(t, ratio, 0.1, "m = %d", m)
		require.Less(t, ratio, 1.5, "m = %d", m)
	}
}

// TestCoherent: random sets are not, a class and equal mistakes are, also among
// others, and two examples are too few to say.
func TestCoherent(t *testing.T) {
	q, alpha := pushedRun(t, nets.MLP(64, 16, 10), 0.9, fifth)
	ds := q.Run.Data
	of := func(ids ...int) (whole float64) {
		var err error
		q.Forget, err = data.ForgetPositions(ds.Len(), ids)
		require.NoError(t, err)
		return q.coherence(alpha)
	}
	class := func(classes ...int) (ids []int) {
		for i, y := range ds.Y {
			if slices.Contains(classes, int(y)) {
				ids = append(ids, i)
			}
		}
		return ids
	}
	require.Less(t, math.Abs(of(q.Forget.Positions()...)), 0.005)
	for _, share := range []float64{0.01, 0.05, 0.2, 0.5, 0.98} { // also where few are left
		for seed := range uint64(40) {
			of(data.RandomForget(ds, share, seed).Positions()...)
			require.False(t, q.coherent(alpha), "share %g, seed %d", share, seed)
		}
	}
	require.Greater(t, of(class(3)...), 0.1)
	require.True(t, q.coherent(alpha))
	of(class(0, 1, 2, 3, 4)...)
	require.True(t, q.coherent(alpha))
	for _, share := range []float64{0.1, 0.3} {
		ids := append(class(3), data.RandomForget(ds, share, 1).Positions()...)
		slices.Sort(ids)
		of(slices.Compact(ids)...)
		require.True(t, q.coherent(alpha), "class 3 and %g of all", share)
	}

	of(class(3)[:2]...)
	require.False(t, q.coherent(alpha))
	require.Zero(t, of(4))
	alpha.Zero() // a run that learned nothing
	require.Zero(t, of(class(3)...))

	// All alike, among many others: correlation near 1.
	ids := class(5)[:20]
	for _, i := range ids {
		alpha.Set(10*i, 1)
	}
	require.InDelta(t, 1, of(ids...), 0.03)
	require.True(t, q.coherent(alpha))
}

// TestContraryRule: a set is contrary by angle and part, unless few examples of
// more say so.
func TestContraryRule(t *testing.T) {
	for _, tc := range []struct {
		disturbance
		want bool
	}{
		{disturbance{cosine: -0.6, part: 0.2, used: fewest, noise: 0.1}, true},
		{disturbance{cosine: -0.6, part: 0.2, used: fewest - 1, noise: 0.1}, false},
		{disturbance{cosine: -0.6, part: 0.2, used: 20}, true}, // all there are
		{disturbance{cosine: -0.4, part: 0.2, used: fewest}, false},
		{disturbance{cosine: -0.6, part: 0.05, used: fewest}, false},
		{disturbance{cosine: math.NaN(), part: math.NaN(), used: 1}, false},
	} {
		require.Equal(t, tc.want, tc.contrary(), "%+v", tc.disturbance)
	}
}

// TestPastCurvature: at zero parameters, which small steps stay close to, all
// K classes have probability 1/K. Examples that were not visited do not count.
func TestPastCurvature(t *testing.T) {
	const rate, want = 1e-6, 0.9 * 0.1
	for _, steps := range []int{2, 6} { // two thirds of an epoch, two epochs
		rec := history.NewRecorder(history.LogitGradients())
		run, err := nets.Train(t.Context(), nets.Logistic(64, 10), data.Digits().Train, nets.Config{
			Steps: steps, Batch: 419, LR: nets.ConstantRate(rate), From: graph.NewTensor(graph.Float64, 650), DType: graph.Float64, Hooks: []nets.Hook{rec},
		})
		require.NoError(t, err)
		require.Equal(t, steps, run.Steps)
		alpha, _, err := rec.Record().LogitGradients()
		require.NoError(t, err)
		require.InDelta(t, want, pastCurvature(pastDoubts(alpha, rate*float64(steps))), 1e-4)
	}

	// Two examples with a of 0.2 and 0.6, one that was not visited, in a time of 5.
	alpha := graph.FromSlice([]float64{-0.5, 0.5, 0, 0, 0.7, -1.5, 0.8, 0, 0, 0, 0, 0}, 3, 4)
	require.InDelta(t, (0.2*0.8+0.6*0.4)/2, pastCurvature(pastDoubts(alpha, 5)), 1e-12)
	require.Zero(t, pastCurvature(pastDoubts(graph.NewTensor(graph.Float64, 3, 4), 5)))
}

// TestDefaults: share and stiffness do not change with the growth up to 2, the
// pace not up to 1.4.
func TestDefaults(t *testing.T) {
	for _, growth := range []float64{-1, 0, 1, 2} {
		require.InDelta(t, 1.25*0.5, defaultShare(math.Pow(0.5, 2.5), growth, 0, 0), 1e-12)
		require.InDelta(t, 0.06, defaultStiffness(0.08, growth), 1e-12)
	}
	require.Equal(t, 3.0, defaultPace(1.3))
	require.InDelta(t, 1.5, defaultPace(5.6), 1e-12)
	require.InDelta(t, 1.25*0.5/2/1.5*0.85, defaultShare(math.Pow(0.5, 2.5), 8, 0.5, 0.5), 1e-12)
	require.InDelta(t, 0.06/4, defaultStiffness(0.08, 8), 1e-12)
}

// TestEraseRecursion: the run is the recursion around w_T of a linear model, by
// hand: its D, share, stiffness and widening given, in whole batches.
func TestEraseRecursion(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		q, alpha := pushedRun(t, nets.Logistic(64, 10), momentum, fifth)
		kept := len(q.retained)
		e := Erase{
			Short: Short{Cost: 3, Batch: kept, LR: nets.CosineRate{Peak: 0.05, Warmup: 0.1}},
			Share: 0.7, Stiffness: 0.2, Widening: 0.8,
		}
		e, err := e.complete(q)
		require.NoError(t, err)
		d, err := e.disturb(q, alpha)
		require.NoError(t, err)
		res, err := e.contract(t.Context(), q, alpha, d)
		require.NoError(t, err)

		ref, alpha := pushedRun(t, nets.Logistic(64, 10), momentum, fifth)
		evals := 3 * RetrainCost(ref.Problem)
		d, err = ref.disturb(alpha, int(evals/2), rand.New(rand.NewPCG(ref.Run.Config.Seed+1, 0x6572617365)))
		require.NoError(t, err)
		steps := int((evals - float64(d.used) - float64(kept)/3) / float64(kept))
		require.Equal(t, float64(d.used+steps*kept)+float64(kept)/3, math.Round(3*res.GradEvals)/3)
		span := learningTime(e.LR, steps) / (1 - 0.9)
		n := ref.model.Size()
		diff, mom := make([]float64, n), make([]float64, n)
		w := ref.Run.Params
		answers := func(at []float64, i int) []float64 {
			z := make([]float64, 10)
			for k := range z {
				z[k] = at[640+k]
				for f, x := range ref.Run.Data.Row(i) {
					z[k] += at[64*k+f] * float64(x)
				}
			}
			return z
		}
		soft := func(z []float64) []float64 {
			p := make([]float64, len(z))
			var sum float64
			for k, v := range z {
				p[k] = math.Exp(v)
				sum += p[k]
			}
			for k := range p {
				p[k] /= sum
			}
			return p
		}
		var time float64
		for s := range ref.Run.Steps {
			time += ref.rate(s) / (1 - momentum)
		}
		// width is (n/(n−|U|))^(0.8 max(−1/2, 1 − 4 doubt)).
		width := func(i int) float64 {
			var doubt float64
			for k := range 10 {
				doubt += math.Abs(alpha.At(10*i+k)) * float64(ref.Run.Data.Len()) / 2 / time
			}
			power := 0.8 * (1 - 4*doubt)
			if doubt > 0.375 {
				power = -0.4
			}
			return math.Pow(float64(ref.Run.Data.Len())/float64(kept), power)
		}
		for s := range steps {
			u, g := make([]float64, n), make([]float64, n)
			for i := range u {
				u[i] = w.At(i) + diff[i]
			}
			for _, i := range ref.retained {
				a, b := answers(u, i), answers(w.Float64s(), i)
				var mean float64
				for _, z := range b {
					mean += z / 10
				}
				for k := range b {
					b[k] = mean + width(i)*(b[k]-mean)
				}
				p, q := soft(a), soft(b)
				for k := range p {
					c := (p[k] - q[k] + 0.2*(a[k]-b[k])) / float64(kept)
					g[640+k] += c
					for f, x := range ref.Run.Data.Row(i) {
						g[64*k+f] += c * float64(x)
					}
				}
			}
			for i := range mom {
				mom[i] = 0.9*mom[i] + g[i] + 0.01*diff[i] - 0.7/span*d.sum.At(i)
				diff[i] -= e.LR.Rate(s, steps) * mom[i]
			}
		}
		var moved float64
		for i := range diff {
			require.InDelta(t, w.At(i)+diff[i], res.Params.At(i), 1e-9)
			moved = max(moved, math.Abs(diff[i]))
		}
		require.Greater(t, moved, 1e-3)
	}
}
