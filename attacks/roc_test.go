package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
)

func TestROCKnownAreas(t *testing.T) {
	in, out := []float64{0, 4, 6, 7}, []float64{1, 2, 3, 5}
	auc, err := AUC(in, out)
	require.NoError(t, err)
	require.Equal(t, 11.0/16, auc)
	hull, err := HullAUC(in, out)
	require.NoError(t, err)
	require.Equal(t, 13.0/16, hull)
	r, err := NewROC([]float64{1, 2}, []float64{1, 2})
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, r.Hull(), "points on a chord are not corners")
}

// Closed forms for N(μ,1) against N(0,1): Φ(μ/√2), Φ(μ/2), Φ(μ − Φ⁻¹(1−f)).
var gaussianShift = []struct{ mu, auc, ba, tpr1, tpr01 float64 }{
	{0.5, .6381631951, .5987063257, .0338989391, .0047955592},
	{1, .7602499389, .6914624613, .0923622481, .0182984684},
	{2, .9213503965, .8413447461, .3720805854, .1378054129},
	{4, .9976611325, .9772498681, .9529005062, .8185274823},
}

func TestGaussianShift(t *testing.T) {
	const n = 20000
	out := shifted(0, n)
	for _, tc := range gaussianShift {
		require.InDelta(t, tc.auc, normalCDF(tc.mu/math.Sqrt2), 1e-10)
		require.InDelta(t, tc.ba, normalCDF(tc.mu/2), 1e-10)
		require.InDelta(t, tc.tpr1, normalCDF(tc.mu+mathext.NormalQuantile(.01)), 1e-10)
		require.InDelta(t, tc.tpr01, normalCDF(tc.mu+mathext.NormalQuantile(.001)), 1e-10)
		e, err := Evaluate("", shifted(tc.mu, n), out, EvalConfig{})
		require.NoError(t, err)
		require.InDelta(t, tc.auc, e.AUC.Estimate, 2.0/n)
		require.InDelta(t, tc.ba, e.BalancedAccuracy, 2.0/n)
		require.InDelta(t, 2*tc.ba-1, e.Advantage, 4.0/n)
		// One example of the steep end of the curve moves TPR by up to the
		// curve's slope f'(FPR)/n: exp(μz − μ²/2).
		slope := func(f float64) float64 { return math.Exp(-tc.mu*mathext.NormalQuantile(f) - tc.mu*tc.mu/2) }
		require.InDelta(t, tc.tpr1, e.TPR[1].TPR, 2*max(1, slope(.01))/n)
		require.InDelta(t, tc.tpr01, e.TPR[2].TPR, 2*max(1, slope(.001))/n)
	}
}

// TPR = √(f(2−f)) is a quarter circle of area π/4.
func TestCircularROC(t *testing.T) {
	const n = 4000
	in, out := make([]float64, n), make([]float64, n)
	for i := range n {
		u := (float64(i) + 0.5) / n
		out[i] = 1 - u             // FPR at threshold s is 1−s
		in[i] = math.Sqrt(1 - u*u) // solves √((1−s)(1+s)) = u
	}
	auc, err := AUC(in, out)
	require.NoError(t, err)
	require.InDelta(t, math.Pi/4, auc, 2.0/n)
	p, err := TPRAtFPR(in, out, 0.1)
	require.NoError(t, err)
	require.InDelta(t, math.Sqrt(0.1*1.9), p.TPR, 10.0/n)
}

func TestAUCAgainstPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		n, m := 1+rng.IntN(30), 1+rng.IntN(30)
		in, out := make([]float64, n), make([]float64, m)
		for i := range in { // few distinct values: ties everywhere
			in[i] = float64(rng.IntN(6))
		}
		for j := range out {
			out[j] = float64(rng.IntN(5))
		}
		twice := 0
		for _, a := range in {
			for _, b := range out {
				if a > b {
					twice += 2
				} else if a == b {
					twice++
				}
			}
		}
		auc, err := AUC(in, out)
		require.NoError(t, err)
		require.Equal(t, float64(twice)/(2*float64(n)*float64(m)), auc)

		swapped, err := AUC(out, in)
		require.NoError(t, err)
		require.InDelta(t, 1-auc, swapped, 1e-15)

		moved, err := AUC(mapped(in, math.Exp), mapped(out, math.Exp))
		require.NoError(t, err)
		require.Equal(t, auc, moved)

		hull, err := HullAUC(in, out)
		require.NoError(t, err)
		require.GreaterOrEqual(t, hull, auc)
		ba, err := BalancedAccuracy(in, out)
		require.NoError(t, err)
		best := 0.5
		for _, s := range append(append([]float64{}, in...), out...) {
			v, err := ThresholdAccuracy(s, in, out)
			require.NoError(t, err)
			best = max(best, v)
		}
		require.InDelta(t, best, ba, 1e-12)
	}
}

func TestConstantScores(t *testing.T) {
	e, err := Evaluate("constant", constants(3, 10), constants(3, 7), EvalConfig{})
	require.NoError(t, err)
	require.Equal(t, 0.5, e.AUC.Estimate)
	require.True(t, e.AUC.Degenerate)
	require.Equal(t, 0.5, e.HullAUC)
	require.Equal(t, 0.5, e.BalancedAccuracy)
	require.Equal(t, inf, float64(e.Threshold), "accepting nobody is the first best rule")
	require.Equal(t, 0.0, e.TPR[0].TPR)
}

func TestInfiniteScoresAreOrdered(t *testing.T) {
	auc, err := AUC([]float64{inf, 1}, []float64{-inf, 0})
	require.NoError(t, err)
	require.Equal(t, 1.0, auc)
	auc, err = AUC([]float64{inf}, []float64{inf})
	require.NoError(t, err)
	require.Equal(t, 0.5, auc)
}

// RULI picks the nearest FPR, here 0.2 for a target of 0.15.
func TestDefectAchievedFPRAboveTarget(t *testing.T) {
	in := []float64{9, 8, 7, 6, 5}
	out := []float64{8.5, 6.5, 1, 1, 1, 1, 1, 1, 1, 1}
	p, err := TPRAtFPR(in, out, 0.19)
	require.NoError(t, err)
	require.Equal(t, 0.1, p.FPR)
	require.Equal(t, 0.6, p.TPR)
	require.True(t, p.Resolvable)
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		in, out := normals(rng, 0.5, 1, 1+rng.IntN(40)), normals(rng, 0, 1, 1+rng.IntN(40))
		target := rng.Float64()
		p, err := TPRAtFPR(in, out, target)
		require.NoError(t, err)
		require.LessOrEqual(t, p.FPR, target)
		require.Equal(t, float64(len(out))*target >= 1, p.Resolvable)
		require.True(t, p.TPRLow <= p.TPR && p.TPR <= p.TPRHigh)
	}
}

func TestTPRUnresolvable(t *testing.T) {
	in, out := shifted(2, 500), shifted(0, 500)
	p, err := TPRAtFPR(in, out, 0.001)
	require.NoError(t, err)
	require.False(t, p.Resolvable)
	require.Equal(t, 0, p.FalsePos)
	p, err = TPRAtFPR(in, out, 0.002) // exactly one allowed
	require.NoError(t, err)
	require.True(t, p.Resolvable)
	require.Equal(t, 1, p.FalsePos)
	// 0.29·100 is 28.999999999999996 in floating point.
	p, err = TPRAtFPR(constants(0, 3), append(constants(1, 29), constants(-1, 71)...), 0.29)
	require.NoError(t, err)
	require.Equal(t, 29, p.FalsePos)
	require.Equal(t, 1.0, p.TPR)
	p, err = TPRAtFPR(constants(-5, 1), shifted(0, 10), 1)
	require.NoError(t, err)
	require.Equal(t, 1.0, p.TPR)
	p, err = TPRAtFPR([]float64{0.3}, []float64{0, 1, 2, 3, 4, 5, 6, 0.1, 0.2, 0.25}, 0.7)
	require.NoError(t, err)
	require.Equal(t, 1.0, p.TPR, "7 of 10 must count as 0.7")
}

func TestScoresBadPools(t *testing.T) {
	ok := []float64{1, 2}
	bad := []float64{1, math.NaN()}
	for name, f := range map[string]func(a, b []float64) error{
		"AUC":      func(a, b []float64) error { _, err := AUC(a, b); return err },
		"HullAUC":  func(a, b []float64) error { _, err := HullAUC(a, b); return err },
		"BA":       func(a, b []float64) error { _, err := BalancedAccuracy(a, b); return err },
		"Adv":      func(a, b []float64) error { _, err := Advantage(a, b); return err },
		"TPR":      func(a, b []float64) error { _, err := TPRAtFPR(a, b, .1); return err },
		"KS":       func(a, b []float64) error { _, err := KS(a, b); return err },
		"W1":       func(a, b []float64) error { _, err := Wasserstein1(a, b); return err },
		"DeLong":   func(a, b []float64) error { _, err := DeLong(a, b, .95); return err },
		"BCa":      func(a, b []float64) error { _, err := Bootstrap{}.AUCInterval(a, b); return err },
		"Evaluate": func(a, b []float64) error { _, err := Evaluate("", a, b, EvalConfig{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, f(ok, ok))
			require.ErrorIs(t, f(nil, ok), ErrEmpty)
			require.ErrorIs(t, f(ok, nil), ErrEmpty)
			require.ErrorIs(t, f(bad, ok), ErrNotFinite)
			err := f(ok, bad)
			require.ErrorIs(t, err, ErrNotFinite)
			var v *ValueError
			require.ErrorAs(t, err, &v)
			require.Equal(t, 1, v.Index)
		})
	}
	_, err := TPRAtFPR(ok, ok, -0.1)
	require.ErrorIs(t, err, ErrRange)
	_, err = DeLong(ok, ok, 1)
	require.ErrorIs(t, err, ErrRange)
	_, err = DeLong([]float64{1}, ok, .95)
	require.ErrorIs(t, err, ErrDegenerate)
}
