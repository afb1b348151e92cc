package attacks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// One minus the accuracy on forgotten examples ranks a destroyed model above
// retraining. Gaps and ToW do not.
func TestDefectForgetEfficacyRewardsDestruction(t *testing.T) {
	retrained := Quality{Forget: .95, Retain: .99, Test: .95, MIA: .5}
	good := Quality{Forget: .96, Retain: .99, Test: .95, MIA: .51}
	destroyed := Quality{Forget: .02, Retain: .9, Test: .85, MIA: .05}
	require.Greater(t, 1-destroyed.Forget, 1-retrained.Forget, "the defect")
	g, err := GapsTo(good, retrained)
	require.NoError(t, err)
	d, err := GapsTo(destroyed, retrained)
	require.NoError(t, err)
	require.Less(t, g.Absolute, d.Absolute)
	require.InDelta(t, -.93, d.Forget, 1e-12)
	tg, err := ToW(good, retrained)
	require.NoError(t, err)
	td, err := ToW(destroyed, retrained)
	require.NoError(t, err)
	require.InDelta(t, .99, tg, 1e-12)
	require.InDelta(t, .07*.91*.9, td, 1e-12)
	one, err := ToW(retrained, retrained)
	require.NoError(t, err)
	require.Equal(t, 1.0, one)
	_, err = ToW(Quality{Test: 95}, retrained)
	require.ErrorIs(t, err, ErrRange)
	require.ErrorContains(t, err, "unlearned.Test is 95")
	_, err = GapsTo(good, Quality{MIA: math.NaN()})
	require.ErrorIs(t, err, ErrRange)
}

func TestExcessRemoved(t *testing.T) {
	for _, tc := range []struct{ unlearned, want float64 }{{2, 0}, {.1, 1}, {-1.8, 2}} {
		got, err := ExcessRemoved(2, tc.unlearned, []float64{.05, .1, .15})
		require.NoError(t, err)
		require.InDelta(t, tc.want, float64(got), 1e-12)
	}
	got, err := ExcessRemoved(.2, .1, []float64{0, .1, .2})
	require.NoError(t, err)
	require.False(t, got.Exists(), "within three standard deviations")
	got, err = ExcessRemoved(1, 0, []float64{1, 1})
	require.NoError(t, err)
	require.False(t, got.Exists(), "0/0")
	_, err = ExcessRemoved(1, 0, []float64{1})
	require.ErrorIs(t, err, ErrDegenerate)
	_, err = ExcessRemoved(math.NaN(), 0, []float64{1, 2})
	require.ErrorIs(t, err, ErrNotFinite)
	m, err := MarginExcess([]float64{1, 3}, []float64{1, 0, 2})
	require.NoError(t, err)
	require.Equal(t, 1.0, m)
	_, err = MarginExcess(nil, []float64{1})
	require.ErrorIs(t, err, ErrEmpty)
}

func TestRelearn(t *testing.T) {
	slow, fast := []float64{3, 2, 1.5, 1, .4}, []float64{2, .5, .1}
	n, ok, err := RelearnSteps(slow, .5)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 4, n)
	n, ok, err = RelearnSteps(fast, 2)
	require.NoError(t, err)
	require.True(t, ok)
	require.Zero(t, n)
	n, ok, err = RelearnSteps(slow, .1)
	require.NoError(t, err)
	require.False(t, ok)
	require.Equal(t, 4, n)
	r, err := RelearnRatio(fast, slow, .5)
	require.NoError(t, err)
	require.Equal(t, Float(.25), r)
	r, err = RelearnRatio(fast, slow, .1)
	require.NoError(t, err)
	require.False(t, r.Exists())
	_, err = RelearnRatio(fast, []float64{1, math.NaN()}, 1)
	require.ErrorContains(t, err, "losses[1]")
	_, err = RelearnRatio(nil, fast, 1)
	require.ErrorIs(t, err, ErrEmpty)
	_, _, err = RelearnSteps(fast, math.NaN())
	require.ErrorIs(t, err, ErrNotFinite)
}

func TestParamDistances(t *testing.T) {
	v := []float32{0, 0, 0, 0}
	u := []float32{3, 4, 0, 0}
	w := []float32{6, 8, 0, 0}
	d, err := ParamDistances(u, v, w, []Layer{{"a", 0, 2}, {"b", 2, 2}, {"none", 4, 0}})
	require.NoError(t, err)
	require.Len(t, d, 4)
	require.Equal(t, ParamDistance{Layer: "all", Absolute: 5, Before: 10, Relative: .5}, d[0])
	require.Equal(t, ParamDistance{Layer: "a", Absolute: 5, Before: 10, Relative: .5}, d[1])
	require.Equal(t, 0.0, d[2].Absolute)
	require.False(t, d[2].Relative.Exists(), "0/0 is missing")
	d, err = ParamDistances([]float64{1}, []float64{2}, nil, nil)
	require.NoError(t, err)
	require.False(t, d[0].Before.Exists())
	for _, l := range []Layer{{"x", -1, 2}, {"x", 3, 2}, {"x", 0, -1}, {"x", math.MaxInt, math.MaxInt}} {
		_, err = ParamDistances(u, v, w, []Layer{l})
		require.ErrorIs(t, err, ErrShape)
	}
	_, err = ParamDistances(u, v[:1], w, nil)
	require.ErrorIs(t, err, ErrShape)
	_, err = ParamDistances(u, v, w[:1], nil)
	require.ErrorIs(t, err, ErrShape)
	_, err = ParamDistances[float32](nil, nil, nil, nil)
	require.ErrorIs(t, err, ErrEmpty)
	v[2] = float32(math.NaN())
	_, err = ParamDistances(u, v, w, nil)
	require.ErrorContains(t, err, "retrained[2]")
}
