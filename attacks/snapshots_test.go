package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// A ridge classifier of three one-hot columns, with and without one of its rows: the
// difference gives away the row and its class, from data that it was not in.
func TestReconstructLinear(t *testing.T) {
	const n, f, classes = 300, 20, 3
	rng := rand.New(rand.NewPCG(3, 1))
	// Correlated features, so that the moments matter.
	mix := mat.NewDense(f, f, normals(rng, 0, 1, f*f))
	draw := func(n int) *mat.Dense {
		var x mat.Dense
		x.Mul(mat.NewDense(n, f, normals(rng, 0, 1, n*f)), mix)
		return &x
	}
	x, public := draw(n), draw(n)
	label := make([]int, n)
	for i := range label {
		label[i] = rng.IntN(classes)
	}
	fit := func(without int) []float64 {
		var w []float64
		for c := range classes {
			y := make([]float64, n)
			for i := range y {
				if label[i] == c {
					y[i] = 1
				}
			}
			r := &ridge{x: x, y: y, d: f, lambda: 1e-6}
			rows := upTo(0, n)
			if without >= 0 {
				rows = append(upTo(0, without), upTo(without+1, n)...)
			}
			w = append(w, r.fit(rows).RawVector().Data...)
		}
		return w
	}
	before := fit(-1)
	for _, i := range []int{0, 17, 123} {
		r, err := ReconstructLinear(before, fit(i), classes, public.RawMatrix().Data)
		require.NoError(t, err)
		dot, norm := 0.0, 0.0
		for j, v := range r.Direction {
			dot += v * x.At(i, j)
			norm += x.At(i, j) * x.At(i, j)
		}
		require.Greater(t, dot/math.Sqrt(norm), .9, "cosine with the removed example")
		require.Equal(t, label[i], r.Label)
		require.Greater(t, r.Share, .99)
	}
	_, err := ReconstructLinear(before, before, classes, public.RawMatrix().Data)
	require.ErrorIs(t, err, ErrDegenerate)
	_, err = ReconstructLinear(before, fit(0), 7, public.RawMatrix().Data)
	require.ErrorIs(t, err, ErrShape)
	_, err = ReconstructLinear(before, fit(0), classes, public.RawMatrix().Data[:f+1])
	require.ErrorIs(t, err, ErrShape)
	_, err = ReconstructLinear(before, before[1:], classes, nil)
	require.ErrorIs(t, err, ErrShape)
}

// Perfect unlearning, seen alone, is perfect; seen beside what was before, it shows
// what was forgotten.
func TestSnapshots(t *testing.T) {
	w := world{models: 40, examples: 60, in: 1, forgotten: 0}
	after := w.draw(1)
	before := *after
	before.Signal = append([]float64(nil), after.Signal...)
	for i, st := range before.State {
		if st == Forgotten {
			before.Signal[i]++
		}
	}
	auc := func(s *Shadows) Interval {
		a, b, err := SplitModels(s, 1)
		require.NoError(t, err)
		g, err := Play(t.Context(), LiRA{Fit: Shrunk}, a, b, Privacy)
		require.NoError(t, err)
		e, err := g.Evaluate(EvalConfig{})
		require.NoError(t, err)
		return e.AUC
	}
	require.True(t, auc(after).Contains(.5))
	d, err := Snapshots(&before, after)
	require.NoError(t, err)
	require.Equal(t, 1.0, auc(d).Estimate)
	require.Greater(t, auc(d).Low, .8)
	other := *after
	other.State = append([]State(nil), after.State...)
	other.State[7] = Out
	if after.State[7] == Out {
		other.State[7] = In
	}
	_, err = Snapshots(&other, after)
	require.ErrorContains(t, err, "model 0, example 7 is")
	_, err = Snapshots(after.pick(func(m int) bool { return m > 0 }), after)
	require.ErrorIs(t, err, ErrShape)
	_, err = SnapshotScores([]float64{1, math.NaN()}, []float64{1, 2})
	require.ErrorContains(t, err, "before[1]")
}
