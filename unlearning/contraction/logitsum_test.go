package contraction

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// fitted is as unlearning has it.
var fitted = LogitSampling{Noise: defaults.SampleNoise, Stratified: defaults.SampleStratified, Least: defaults.SampleLeast}

// recorded returns the system of a short run on the digits, and its logit gradients.
func recorded(t *testing.T, arch nets.Arch, momentum float64, forget func(*data.Dataset) data.ForgetSet) (*System, *graph.Tensor) {
	t.Helper()
	ds := data.Digits().Train
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), arch, ds, nets.Config{
		Epochs: 4, Batch: 50, LR: nets.Cosine(0.2 * (1 - momentum)), Momentum: momentum, WeightDecay: 0.01, Seed: 3, DType: graph.Float64, Hooks: []nets.Hook{rec},
	})
	require.NoError(t, err)
	s := NewSystem(run, forget(ds), rec.Record())
	alpha, err := s.LogitGradients()
	require.NoError(t, err)
	return s, alpha
}

func fifth(ds *data.Dataset) data.ForgetSet { return data.RandomForget(ds, 0.2, 7) }

// TestLogitSum: for a linear model, J_iᵀ α_i is α_i ⊗ (x_i, 1), so that D and
// the growth can be summed by hand.
func TestLogitSum(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		testLogitSum(t, momentum)
	}
}

func testLogitSum(t *testing.T, momentum float64) {
	s, alpha := recorded(t, nets.Logistic(64, 10), momentum, fifth)
	ds, n := s.Run.Data, s.Run.Data.Len()
	var taught [2][10]float64 // Σ |α|, of U and of the others, by label
	side := func(i int) int {
		if s.Forget.Contains(i) {
			return 0
		}
		return 1
	}
	for i := range n {
		for c := range 10 {
			taught[side(i)][ds.Y[i]] += math.Abs(alpha.At(i*10 + c))
		}
	}
	weight := func(i int) float64 { // that of an example in D
		if side(i) == 0 {
			return 1
		}
		return -taught[0][ds.Y[i]] / taught[1][ds.Y[i]]
	}
	parts := [2][]float64{make([]float64, s.Model.Size()), make([]float64, s.Model.Size())}
	var squares, lengths float64 // of logit gradients and of their terms, as D weighs them
	for i := range n {
		x := append(append([]float32(nil), ds.Row(i)...), 1)
		var norm, own float64
		for _, v := range x {
			norm += float64(v) * float64(v)
		}
		for k := range 10 {
			a := weight(i) * alpha.At(i*10+k)
			own += a * a
			for f, v := range x {
				at := k*64 + f
				if f == 64 {
					at = 640 + k
				}
				parts[side(i)][at] += a * float64(v)
			}
		}
		squares += own
		lengths += own * norm
	}
	want := make([]float64, s.Model.Size())
	for i := range want {
		want[i] = parts[0][i] + parts[1][i]
	}
	list := s.logitTerms(alpha)
	draw := bySizeOf(list)
	d, err := fitted.sum(s, alpha, list, draw, n, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	require.Zero(t, d.Noise)
	require.InDelta(t, -floats.Dot(parts[0], parts[1])/(floats.Norm(parts[0], 2)*floats.Norm(parts[1], 2)), d.Common, 1e-9)
	require.InDeltaSlice(t, want, d.Sum.Float64s(), 1e-9)
	require.Equal(t, float64(d.Used), s.Model.GradEvals())

	// The signs of terms are a matter of chance, and so is what they leave beside
	// the squares of their own lengths.
	var kernel float64
	const draws = 200
	r := rand.New(rand.NewPCG(3, 4))
	for range draws {
		d, err := fitted.sum(s, alpha, list, draw, n, r)
		require.NoError(t, err)
		kernel += d.Kernel / draws
	}
	require.InEpsilon(t, lengths/squares, kernel, 0.1)

	// A sample is as noisy as said, and no larger than it needs to be.
	enough, err := fitted.Estimate(s, alpha, n, rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	require.Less(t, enough.Noise, fitted.Stratified*fitted.Noise)
	require.Less(t, enough.Used, n)
	for _, m := range []int{20, 60} {
		var square, noise float64
		const rounds = 200
		r = rand.New(rand.NewPCG(5, 6))
		for range rounds {
			d, err := fitted.sum(s, alpha, list, draw, m, r)
			require.NoError(t, err)
			require.Equal(t, m, d.Used)
			noise = d.Noise
			for i, v := range want {
				square += math.Pow(d.Sum.At(i)-v, 2) / rounds
			}
		}
		// Stratifying makes it less, terms that are not orthogonal may make it more.
		ratio := square / (noise * lengths)
		require.Greater(t, ratio, 0.1, "m = %d", m)
		require.Less(t, ratio, 1.5, "m = %d", m)
	}
}
