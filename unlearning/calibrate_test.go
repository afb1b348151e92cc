package unlearning

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestCalibrate: sums of what the auxiliary numbers tell are those of the
// population, terms that are certain keep their weights, and the change is the
// least: weights are as before where they did for the auxiliary numbers.
func TestCalibrate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, dim = 2000, 3
	all := mat.NewDense(n, dim, nil)
	all.Apply(func(_, _ int, _ float64) float64 { return 1 + r.NormFloat64() }, all)
	known := make([]float64, dim)
	for i := range n {
		floats.Add(known, all.RawRowView(i))
	}
	var weights []float64
	var rows []float64
	for i := range n {
		p := 0.05 + 0.2*r.Float64()
		if i < 10 {
			p = 1
		}
		if r.Float64() < p {
			weights = append(weights, 1/p)
			rows = append(rows, all.RawRowView(i)...)
		}
	}
	sums := func(weights []float64) []float64 {
		s := make([]float64, dim)
		for j, w := range weights {
			floats.AddScaled(s, w, rows[j*dim:j*dim+dim])
		}
		return s
	}
	sample := func() *mat.Dense { return mat.NewDense(len(weights), dim, slices.Clone(rows)) }
	off := floats.Distance(sums(weights), known, 2)
	calibrated := slices.Clone(weights)
	require.NoError(t, calibrate(calibrated, sample(), known))
	require.Less(t, floats.Distance(sums(calibrated), known, 2), 0.01*off)
	for j, w := range weights {
		if w == 1 {
			require.Equal(t, 1.0, calibrated[j])
		}
	}
	same := slices.Clone(weights)
	require.NoError(t, calibrate(same, sample(), sums(weights)))
	require.InDeltaSlice(t, weights, same, 1e-9)

	certain := []float64{1, 1}
	require.NoError(t, calibrate(certain, mat.NewDense(2, 1, []float64{3, 4}), []float64{100}))
	require.Equal(t, []float64{1, 1}, certain)
	require.Error(t, calibrate([]float64{2, 2}, mat.NewDense(2, 1, []float64{math.NaN(), 4}), []float64{100}))
}

// TestCalibratedNoise: D from a calibrated sample has less of a squared error than
// with the weights that it began with, here for 4 scores of the digits' 64.
func TestCalibratedNoise(t *testing.T) {
	q, alpha := pushedRun(t, nets.Logistic(64, 10), 0, func(ds *data.Dataset) data.ForgetSet { return data.RandomForget(ds, 0.5, 7) })
	list := q.pushed(alpha)
	sizes := make([]float64, len(list))
	for j, p := range list {
		sizes[j] = p.size
	}
	draw := newBySize(sizes)
	exact, err := q.sum(nets.View{}, alpha, list, draw, len(list), rand.New(rand.NewPCG(1, 2)))
	require.NoError(t, err)
	const m, rounds = 700, 10
	var with, without float64
	for seed := range uint64(rounds) {
		s, err := q.sum(nets.View{}, alpha, list, draw, m, rand.New(rand.NewPCG(seed, 6)))
		require.NoError(t, err)
		with += square(s.sum, exact.sum)
		drawn, weights := draw.draw(m, rand.New(rand.NewPCG(seed, 6)))
		require.Equal(t, len(drawn), s.used)
		plain := q.model.NewVector()
		for j, at := range drawn {
			p := list[at]
			c := weights[j] * p.factor
			if p.group[0] == 1 {
				c *= -q.kappa()
			}
			for k := range 10 {
				a := c * alpha.At(p.id*10+k)
				for f, x := range q.Run.Data.Row(p.id) {
					plain.Set(k*64+f, plain.At(k*64+f)+a*float64(x))
				}
				plain.Set(640+k, plain.At(640+k)+a)
			}
		}
		without += square(plain, exact.sum)
	}
	require.Less(t, with, 0.8*without)
}

func square(a, b *graph.Tensor) (s float64) {
	for i := range a.Len() {
		s += math.Pow(a.At(i)-b.At(i), 2)
	}
	return s
}
