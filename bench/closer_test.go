package bench

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCloser: by hand. The largest budget within the rival's cost is compared, by ratios
// of the same seeds.
func TestCloser(t *testing.T) {
	row := func(forget, method string, seed uint64, cost, distance float64) Result {
		r := Result{Dataset: "d", Forget: forget, Method: method, Seed: seed, N: 10, Batch: 5, GradEvals: cost, RetrainGradEvals: 1, RelDist: Float(distance), LR: 0.1, Use: "tuning"}
		if math.IsNaN(distance) {
			r.Error = "it diverged"
		}
		return r
	}
	var results []Result
	add := func(forget, method string, cost float64, distances ...float64) {
		for i, d := range distances {
			results = append(results, row(forget, method, uint64(i+1), cost, d))
		}
	}
	add("a", "other:2", 0.5, 0.2, 0.3, 0.1)
	add("a", "mini:0.4", 0.4, 0.1, 0.2, 0.05)
	add("a", "mini:0.1", 0.1, 9, 9, 9)
	add("a", "mini:0.6", 0.6, 0, 0, 0)
	add("a", "other:5", 0.2, 3, 5, 4)
	add("b", "other:2", 0.5, 0.1, 0.1, 0.1)
	add("b", "mini:0.4", 0.4, 0.2, 0.21, 0.2)
	add("c", "other:2", 0.5, 0.1, 1, 0.1)
	add("c", "mini:0.4", 0.4, 0.5, 0.5, 0.5)
	add("d", "other:2", 0.5, math.NaN(), math.NaN(), math.NaN())
	add("d", "mini:0.4", 0.4, 0.5, 0.5, 0.5)
	add("e", "other:2", 0.5, 0.5, 0.5, 0.5)
	add("e", "mini:0.4", 0.4, math.NaN(), math.NaN(), math.NaN())
	table, err := NewTable(results)
	require.NoError(t, err)
	groups := table.Groups()
	a := groups[0].Closer("mini", "other")
	require.Len(t, a, 2)
	require.Equal(t, []string{"mini:0.4", "mini:0.1"}, []string{a[0].Method, a[1].Method})
	require.Equal(t, []Standing{Ahead, BehindBeyond}, []Standing{a[0].Standing, a[1].Standing})
	require.InDelta(t, 0.35/3, a[0].Mine, 1e-12)
	require.InDelta(t, 0.2, a[0].Theirs, 1e-12)
	for i, want := range map[int]Standing{1: BehindBeyond, 2: BehindWithin, 3: NoRival} {
		require.Equal(t, want, groups[i].Closer("mini", "other")[0].Standing, groups[i].Forget)
	}
	text, err := table.WriteCloser("mini", "other")
	require.NoError(t, err)
	require.Contains(t, text, "| data | cells | ahead |")
	require.Contains(t, text, "| **9.0000** / 4.0000 (0.20) beyond |")
	require.Empty(t, groups[0].Closer("nobody", "other"))
	_, err = table.WriteCloser("mini", "nobody")
	require.ErrorContains(t, err, "nobody")
}
