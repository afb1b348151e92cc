package nets_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestSteer: weights of 1/N are the mean loss's gradient; weights and pulls add
// up; the logits are those of Logits; in batches of more than one part.
func TestSteer(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 12, 10), nil, graph.Float64)
	require.NoError(t, err)
	n := ds.Len()
	require.Greater(t, n, 1024, "one part only")
	w := m.Init(3)
	ids := make([]int, n)
	even := nets.Steer{Weights: make([]float64, n), Pull: make([]float64, 10*n), Logits: make([]float64, 10*n)}
	for i := range ids {
		ids[i] = n - 1 - i
		even.Weights[i] = 1 / float64(n)
	}
	want, got := m.NewVector(), m.NewVector()
	_, err = m.Gradient(w, ds, ids, want)
	require.NoError(t, err)
	require.NoError(t, m.SteerGradient(nets.View{}, w, ds, ids, even, got))
	require.InDeltaSlice(t, want.Float64s(), got.Float64s(), 1e-14)
	rows := ds.Subset(ids)
	z, err := m.Logits(t.Context(), w, rows.X, n)
	require.NoError(t, err)
	require.InDeltaSlice(t, z, even.Logits, 1e-12)

	// A pull by the loss's own gradient in the logits, p − y, is its gradient.
	pull := nets.Steer{Weights: make([]float64, n), Pull: make([]float64, 10*n)}
	for i := range ids {
		p := softmax(z[10*i : 10*i+10])
		p[rows.Y[i]]--
		for c, v := range p {
			pull.Pull[10*i+c] = v / float64(n)
		}
	}
	require.NoError(t, m.SteerGradient(nets.View{}, w, ds, ids, pull, got))
	require.InDeltaSlice(t, want.Float64s(), got.Float64s(), 1e-12)
	both := nets.Steer{Weights: even.Weights, Pull: pull.Pull}
	require.NoError(t, m.SteerGradient(nets.View{}, w, ds, ids, both, got))
	for i := range got.Len() {
		require.InDelta(t, 2*want.At(i), got.At(i), 1e-12)
	}
	require.ErrorContains(t, m.SteerGradient(nets.View{}, w, ds, ids[:3], even, got), "for 3 examples of 10 classes")
}

func softmax(z []float64) []float64 {
	p := make([]float64, len(z))
	var sum float64
	for i, v := range z {
		p[i] = math.Exp(v)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}
