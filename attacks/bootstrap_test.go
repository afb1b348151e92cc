package attacks

import (
	"errors"
	"github.com/stretchr/testify/require"
	"math"
	"math/rand/v2"
	"testing"
)

func TestBootstrapDeterminism(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 1))
	in, out := normals(rng, 1, 1, 300), normals(rng, 0, 1, 280)
	want, err := Bootstrap{Resamples: 600, Seed: 4, Workers: 1}.AUCInterval(in, out)
	require.NoError(t, err)
	require.Less(t, want.Low, want.Estimate)
	for w := 2; w < 6; w++ {
		got, err := Bootstrap{Resamples: 600, Seed: 4, Workers: w}.AUCInterval(shuffled(in, 1), shuffled(out, 2))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	other, err := Bootstrap{Resamples: 600, Seed: 5}.AUCInterval(in, out)
	require.NoError(t, err)
	require.NotEqual(t, want, other)
}

// The BCa interval of an exponential mean: the exact 90% interval of this
// sample is a gamma quantile ratio; the percentile interval is off by more.
func TestBCaCorrectsSkew(t *testing.T) {
	x := make([]float64, 40)
	for i := range x {
		x[i] = -math.Log((float64(i) + .5) / 40)
	}
	mean := func(a, _ []float64) (float64, error) {
		s := 0.0
		for _, v := range a {
			s += v
		}
		return s / float64(len(a)), nil
	}
	iv, err := Bootstrap{Level: .9, Resamples: 20000}.BCa(mean, x, []float64{0})
	require.NoError(t, err)
	// Efron 1987: a skewed mean's BCa interval is shifted right.
	require.Greater(t, iv.High-iv.Estimate, 1.15*(iv.Estimate-iv.Low))
}

func TestBootstrapBadInput(t *testing.T) {
	ok := []float64{1, 2, 3}
	iv, err := Bootstrap{}.AUCInterval(constants(1, 5), constants(1, 5))
	require.NoError(t, err)
	require.True(t, iv.Degenerate)
	require.Equal(t, .5, iv.Low)
	_, err = Bootstrap{Resamples: 5}.AUCInterval(ok, ok)
	require.ErrorIs(t, err, ErrRange)
	_, err = Bootstrap{Level: 2}.AUCInterval(ok, ok)
	require.ErrorIs(t, err, ErrRange)
	boom := errors.New("boom")
	_, err = Bootstrap{}.BCa(func(a, b []float64) (float64, error) { return 0, boom }, ok, ok)
	require.ErrorIs(t, err, boom)
	_, err = Bootstrap{}.BCa(func(a, b []float64) (float64, error) {
		if a[0] == a[len(a)-1] {
			return math.NaN(), nil
		}
		return 1, nil
	}, ok, ok)
	require.ErrorIs(t, err, ErrNotFinite)
}
