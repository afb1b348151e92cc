package nets_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// tempered is T²·KL from given logits at a temperature of 2, and a tenth of the loss.
var tempered = nets.Objective{Name: "tempered", Loss: func(z, y, targets *graph.Node) *graph.Node {
	return graph.Lin([]float64{1, 0.1}, graph.KLDistill(z, targets, 2), graph.CrossEntropy(z, y))
}}

// TestObjectiveGradient: the zero objective is the loss, bit for bit, and its weights,
// labels and targets mean what their comments say, by finite differences.
func TestObjectiveGradient(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 12, 10), nil, graph.Float64)
	require.NoError(t, err)
	n := ds.Len()
	require.Greater(t, n, 1024, "one part only")
	w, ids := m.Init(3), backwards(n)
	want, got := m.NewVector(), m.NewVector()
	mean, err := m.Gradient(w, ds, ids, want)
	require.NoError(t, err)
	before := m.GradEvals()
	loss, err := m.ObjectiveGradient(nets.Objective{}, w, nets.Examples{Data: ds, IDs: ids}, got)
	require.NoError(t, err)
	require.Equal(t, mean, loss)
	require.Equal(t, want.Float64s(), got.Float64s())
	require.Equal(t, float64(n), m.GradEvals()-before)

	r := rand.New(rand.NewPCG(1, 2))
	ex := nets.Examples{Data: ds, IDs: ids, Labels: make([]int32, n), Weights: make([]float64, n), Targets: make([]float64, 10*n)}
	for i := range ids {
		ex.Labels[i], ex.Weights[i] = r.Int32N(10), r.NormFloat64()/float64(n)
	}
	for i := range ex.Targets {
		ex.Targets[i] = r.NormFloat64()
	}
	dir := m.NewVector()
	for i := range dir.Len() {
		dir.Set(i, r.NormFloat64())
	}
	at := func(h float64) *graph.Tensor {
		u := w.Clone()
		for i := range u.Len() {
			u.Set(i, u.At(i)+h*dir.At(i))
		}
		return u
	}
	for _, o := range []nets.Objective{{}, tempered} {
		ex := ex
		if o.Loss == nil {
			ex.Targets = nil
		}
		sum := func(u *graph.Tensor) (s float64) {
			z, _ := logitsAt(t, m, u, ids)
			for i := range ids {
				own := -math.Log(softmax(z[10*i : 10*i+10])[ex.Labels[i]])
				if o.Loss == nil {
					s += ex.Weights[i] * own
					continue
				}
				halves := func(v []float64) []float64 {
					h := make([]float64, 10)
					for c := range h {
						h[c] = v[c] / 2
					}
					return softmax(h)
				}
				q, p, kl := halves(ex.Targets[10*i:10*i+10]), halves(z[10*i:10*i+10]), 0.0
				for c := range q {
					kl += q[c] * math.Log(q[c]/p[c])
				}
				s += ex.Weights[i] * (4*kl + 0.1*own)
			}
			return s
		}
		loss, err := m.ObjectiveGradient(o, w, ex, got)
		require.NoError(t, err)
		require.InDelta(t, sum(w), loss, 1e-12)
		const h = 1e-6 // few kinks of a ReLU are crossed
		slope := 0.0
		for i := range got.Len() {
			slope += got.At(i) * dir.At(i)
		}
		require.InDelta(t, (sum(at(h))-sum(at(-h)))/(2*h), slope, 1e-7*math.Abs(slope)+1e-9)
	}
	// Without labels an objective of logits alone needs none.
	_, err = m.ObjectiveGradient(nets.Objective{Name: "spread", Loss: func(z, _, _ *graph.Node) *graph.Node { return graph.RowDot(z, z) }}, w, nets.Examples{Data: ds, IDs: ids[:5]}, got)
	require.NoError(t, err)

	for _, bad := range []struct {
		o    nets.Objective
		ex   nets.Examples
		want string
	}{
		{nets.Objective{}, nets.Examples{Data: ds}, "no examples"},
		{nets.Objective{}, nets.Examples{Data: ds, IDs: ids[:3], Labels: ex.Labels[:2]}, "2 labels for 3 examples"},
		{nets.Objective{}, nets.Examples{Data: ds, IDs: ids[:1], Labels: []int32{10}}, "label 10 of example 0, of 10 classes"},
		{nets.Objective{}, nets.Examples{Data: ds, IDs: ids[:3], Weights: ex.Weights[:2]}, "2 weights for 3 examples"},
		{nets.Objective{}, nets.Examples{Data: ds, IDs: ids[:3], Targets: ex.Targets[:30]}, "a loss that has none"},
		{nets.Objective{Loss: tempered.Loss}, nets.Examples{Data: ds, IDs: ids[:3]}, "without a name"},
		{tempered, nets.Examples{Data: ds, IDs: ids[:3], Targets: ex.Targets}, "for 3 examples of 10 classes"},
	} {
		_, err := m.ObjectiveGradient(bad.o, w, bad.ex, got)
		require.ErrorContains(t, err, bad.want)
	}
}
