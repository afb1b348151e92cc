package unlearning

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/nets"
)

// TestPrincipal: inputs lose about as much of their variance to these scores as to the
// exact principal components, here of the digits; scores have mean 0, and
// standard deviation 1 at most.
func TestPrincipal(t *testing.T) {
	q, _ := pushedRun(t, nets.Logistic(64, 10), 0, fifth)
	ds := q.Run.Data
	n := ds.Len()
	const p = 6
	scores, err := q.principal(p)
	require.NoError(t, err)
	x, s := mat.NewDense(n, 64, nil), mat.NewDense(n, p, scores)
	for i := range n {
		for f, v := range ds.Row(i) {
			x.Set(i, f, float64(v))
		}
	}
	var pc stat.PC
	require.True(t, pc.PrincipalComponents(x, nil))
	var best float64
	for _, v := range pc.VarsTo(nil)[:p] {
		best += v
	}
	largest := 0.0
	for c := range p {
		mean, deviation := stat.PopMeanStdDev(mat.Col(nil, c, s), nil)
		require.InDelta(t, 0, mean, 1e-9)
		largest = max(largest, deviation)
	}
	require.InDelta(t, 1, largest, 1e-9)

	// The variance of inputs that linear regression on the scores explains.
	var explained float64
	for f := range 64 {
		column := mat.NewDense(n, 1, mat.Col(nil, f, x))
		mean := mat.Sum(column) / float64(n)
		column.Apply(func(_, _ int, v float64) float64 { return v - mean }, column)
		var fit, coefficients mat.Dense
		require.NoError(t, coefficients.Solve(s, column))
		fit.Mul(s, &coefficients)
		explained += mat.Dot(fit.ColView(0), fit.ColView(0)) / float64(n-1)
	}
	require.Greater(t, explained, 0.95*best)
	require.Less(t, explained, 1.0001*best)

	// More scores than features; inputs that do not vary.
	scores, err = q.principal(100)
	require.NoError(t, err)
	require.Len(t, scores, 64*n)
	flat := *ds
	flat.X = make([]float32, len(ds.X))
	q.Run.Data = &flat
	scores, err = q.principal(p)
	require.NoError(t, err)
	require.Equal(t, make([]float64, p*n), scores)
}
