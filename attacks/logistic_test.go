package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The optimal accuracy of a threshold between N(μ,1) and N(0,1) is Φ(μ/2).
func TestLogisticReachesTheBestThreshold(t *testing.T) {
	for _, tc := range gaussianShift {
		r, err := LogisticAttack{}.CrossValidate(shifted(tc.mu, 2000), shifted(0, 1000), 1)
		require.NoError(t, err)
		require.InDelta(t, tc.ba, r.Accuracy, .01, "μ = %v", tc.mu)
		require.Len(t, r.FoldAccuracy, 10)
	}
}

// The fit's gradient vanishes: Σ w(y−p)x = ridge·β, checked from outside.
func TestLogisticGradientVanishes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var in, out [][]float64
	for range 40 {
		in = append(in, normals(rng, .5, 1, 3))
	}
	for range 60 {
		out = append(out, normals(rng, 0, 2, 3))
	}
	m, err := fitLogistic(in, out, 3, .7)
	require.NoError(t, err)
	grad := make([]float64, 4)
	for c, rows := range [][][]float64{in, out} {
		for _, x := range rows {
			p := 1 / (1 + math.Exp(-m.logOdds(x)))
			r := 50 / float64(len(rows)) * (float64(1-c) - p)
			grad[0] += r
			for j := range x {
				grad[j+1] += r * (x[j] - m.mean[j]) / m.scale[j]
			}
		}
	}
	require.InDelta(t, 0, grad[0], 1e-5)
	for j := range 3 {
		require.InDelta(t, .7*m.beta[j+1], grad[j+1], 1e-5)
	}
}

func TestLogisticNullAndSeparation(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	sum := 0.0
	for i := range 40 {
		r, err := LogisticAttack{Seed: uint64(i)}.CrossValidate(normals(rng, 0, 1, 100), normals(rng, 0, 1, 70), 1)
		require.NoError(t, err)
		sum += r.Accuracy / 40
	}
	require.InDelta(t, .5, sum, .03)
	r, err := LogisticAttack{}.CrossValidate(shifted(100, 50), shifted(-100, 50), 1)
	require.NoError(t, err)
	require.InDelta(t, 1, r.Accuracy, 1e-12)
	r, err = LogisticAttack{}.CrossValidate(constants(.1, 20), constants(.1, 31), 1)
	require.NoError(t, err)
	require.InDelta(t, .5, r.Accuracy, 1e-12)
	// Two features, neither of use alone.
	var in, out []float64
	for range 300 {
		u := 5 * rng.NormFloat64()
		in = append(in, u, u+1)
		out = append(out, u, u-1)
	}
	r, err = LogisticAttack{}.CrossValidate(in, out, 2)
	require.NoError(t, err)
	require.Greater(t, r.Accuracy, .95)
}

func TestLogisticOrderOfExamples(t *testing.T) {
	in, out := shifted(1, 60), shifted(0, 50)
	want, err := LogisticAttack{Seed: 3}.CrossValidate(in, out, 1)
	require.NoError(t, err)
	perm := rand.New(rand.NewPCG(4, 4)).Perm(60)
	moved := make([]float64, 60)
	for i, p := range perm {
		moved[i] = in[p]
	}
	got, err := LogisticAttack{Seed: 3}.CrossValidate(moved, out, 1)
	require.NoError(t, err)
	require.Equal(t, want.FoldAccuracy, got.FoldAccuracy)
	for i, p := range perm {
		require.Equal(t, want.Members[p], got.Members[i])
	}
}

func TestLogisticBadInput(t *testing.T) {
	ok := shifted(0, 20)
	for _, tc := range []struct {
		l    LogisticAttack
		in   []float64
		d    int
		want error
	}{
		{LogisticAttack{}, nil, 1, ErrEmpty},
		{LogisticAttack{}, ok[:5], 1, ErrRange},
		{LogisticAttack{}, ok, 3, ErrShape},
		{LogisticAttack{}, ok, 0, ErrRange},
		{LogisticAttack{Folds: 1}, ok, 1, ErrRange},
		{LogisticAttack{L2: -1}, ok, 1, ErrRange},
		{LogisticAttack{}, append([]float64{math.NaN()}, ok...), 1, ErrNotFinite},
	} {
		_, err := tc.l.CrossValidate(tc.in, ok, tc.d)
		require.ErrorIs(t, err, tc.want)
	}
}

// Weights and intercept of scikit-learn 1.9's LogisticRegression(C=1/L2,
// class_weight="balanced", solver="newton-cholesky", tol=1e-14) on features
// standardised with the same weights.
func TestLogisticAgainstScikitLearn(t *testing.T) {
	in := [][]float64{{.2, 1}, {1.1, .3}, {1.9, 2.2}, {2.5, .1}, {3.3, 1.7}}
	out := [][]float64{{.4, 2}, {-.3, .5}, {-1.2, 1.4}, {.1, -.6}, {-.8, 2.6}, {1.4, -1}}
	for ridge, want := range map[float64][4]float64{
		1:  {0.05992102, 1.20445086, 0.28325123, 0.19534814},
		10: {0.00107614, 0.30160178, 0.05422362, 0.03404628},
	} {
		m, err := fitLogistic(in, out, 2, ridge)
		require.NoError(t, err)
		require.InDeltaSlice(t, want[:3], m.beta, 1e-8)
		require.InDelta(t, want[3], m.logOdds([]float64{1, 1}), 1e-8)
	}
}
