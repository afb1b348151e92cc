package bench

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

func TestDigits(t *testing.T) {
	require.Equal(t, []float64{0.333333, 123457, -2e-7, 0, 3.40282e38, 0},
		digits([]float64{1. / 3, 123456.7, -2e-7, 0, math.Inf(1), math.NaN()}))
}

func TestQuantiles(t *testing.T) {
	require.Equal(t, []float64{1, 2, 4}, quantiles([]float64{4, 1, 3, 2}, 3))
	require.Equal(t, []float64{5, 5}, quantiles([]float64{5}, 2))
}

// TestThin: few points are kept, the ends and the highest of equal rates among them.
func TestThin(t *testing.T) {
	var in, out []float64
	for i := range 10000 {
		in, out = append(in, float64(i)+0.5), append(out, float64(i))
	}
	roc, err := attacks.NewROC(in, out)
	require.NoError(t, err)
	points := thin(roc)
	require.Less(t, len(points), 110)
	require.Greater(t, len(points), 50)
	require.Equal(t, [2]float64{0, 1e-4}, points[0])
	require.Equal(t, [2]float64{1, 1}, points[len(points)-1])
	for i := 1; i < len(points); i++ {
		require.Greater(t, points[i][0], points[i-1][0])
		require.GreaterOrEqual(t, points[i][1], points[i-1][1])
	}
}
