package nets_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
)

// logits of the digits ids at w, and the examples.
func logitsAt(t *testing.T, m *nets.Model, w *graph.Tensor, ids []int) ([]float64, *data.Dataset) {
	t.Helper()
	rows := data.Digits().Train.Subset(ids)
	z, err := m.Logits(t.Context(), w, rows.X, rows.Len())
	require.NoError(t, err)
	return z, rows
}

func backwards(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = n - 1 - i
	}
	return ids
}

// TestVJP: the product with the loss's own gradient in the logits, p − y, is
// the gradient; in more than one part.
func TestVJP(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 12, 10), nil, graph.Float64)
	require.NoError(t, err)
	n := ds.Len()
	require.Greater(t, n, 1024, "one part only")
	w, ids := m.Init(3), backwards(n)
	z, rows := logitsAt(t, m, w, ids)
	cotangents := make([]float64, 0, 10*n)
	for i := range ids {
		p := softmax(z[10*i : 10*i+10])
		p[rows.Y[i]]--
		for _, v := range p {
			cotangents = append(cotangents, v/float64(n))
		}
	}
	want, got := m.NewVector(), m.NewVector()
	_, err = m.Gradient(w, ds, ids, want)
	require.NoError(t, err)
	before := m.GradEvals()
	require.NoError(t, m.VJP(nets.View{}, w, ds, ids, cotangents, got))
	require.InDeltaSlice(t, want.Float64s(), got.Float64s(), 1e-14)
	require.Equal(t, float64(n), m.GradEvals()-before)
	require.ErrorContains(t, m.VJP(nets.View{}, w, ds, ids[:3], cotangents, got), "for 3 examples of 10 classes")
	require.ErrorContains(t, m.VJP(nets.View{}, w, ds, nil, nil, got), "no examples")
}

// TestLogitsAs: those of Logits, for a third of an evaluation each.
func TestLogitsAs(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 12, 10), nil, graph.Float64)
	require.NoError(t, err)
	w, ids := m.Init(3), backwards(ds.Len())
	want, _ := logitsAt(t, m, w, ids)
	got := make([]float64, len(want))
	before := m.GradEvals()
	require.NoError(t, m.LogitsAs(nets.View{}, w, ds, ids, got))
	require.Equal(t, want, got)
	require.InDelta(t, float64(ds.Len())/3, m.GradEvals()-before, 1e-9)
	require.ErrorContains(t, m.LogitsAs(nets.View{}, w, ds, ids[:3], got), "for 3 examples of 10 classes")
}

// TestDistilGradient: zero where the targets are the model's own logits; elsewhere the
// gradient, by finite differences, of the distance that it is documented as; and
// for a linear model without stiffness the difference of two gradients of the
// loss. How far apart logits are is both divergences, and for a linear model the way
// along the gradient.
func TestDistilGradient(t *testing.T) {
	ds := data.Digits().Train
	r := rand.New(rand.NewPCG(1, 2))
	for _, arch := range []nets.Arch{nets.Logistic(64, 10), nets.MLP(64, 12, 10)} {
		m, err := nets.NewModel(arch, nil, graph.Float64)
		require.NoError(t, err)
		n := ds.Len()
		ids := backwards(n)
		w := m.Init(3)
		targets, _ := logitsAt(t, m, w, ids)
		g, u, dir := m.NewVector(), w.Clone(), m.NewVector()
		apart, err := m.DistilGradient(nets.View{}, w, ds, ids, targets, 0.3, g)
		require.NoError(t, err)
		require.Zero(t, apart)
		require.InDeltaSlice(t, make([]float64, m.Size()), g.Float64s(), 1e-14)
		for i := range m.Size() {
			u.Set(i, u.At(i)+0.1*r.NormFloat64())
			dir.Set(i, r.NormFloat64())
		}
		for _, stiffness := range []float64{0, 0.3} {
			distance := func(h float64) (mean, both float64) {
				at := u.Clone()
				for i := range at.Len() {
					at.Set(i, at.At(i)+h*dir.At(i))
				}
				z, _ := logitsAt(t, m, at, ids)
				for i := range n {
					q, p := softmax(targets[10*i:10*i+10]), softmax(z[10*i:10*i+10])
					for c := range q {
						d := z[10*i+c] - targets[10*i+c]
						mean += (q[c]*math.Log(q[c]/p[c]) + stiffness/2*d*d) / float64(n)
						both += ((q[c]-p[c])*math.Log(q[c]/p[c]) + stiffness*d*d) / float64(n)
					}
				}
				return mean, both
			}
			before := m.GradEvals()
			apart, err := m.DistilGradient(nets.View{}, u, ds, ids, targets, stiffness, g)
			require.NoError(t, err)
			require.Equal(t, float64(n), m.GradEvals()-before)
			const h = 1e-6 // few kinks of a ReLU are crossed
			ahead, _ := distance(h)
			behind, _ := distance(-h)
			_, both := distance(0)
			require.InEpsilon(t, (ahead-behind)/(2*h), vector.Dot(g, dir), 1e-7, "%s, stiffness %g", arch.Name, stiffness)
			require.InEpsilon(t, both, apart, 1e-10)
			if arch.Convex {
				require.InEpsilon(t, vector.Dot(g, u)-vector.Dot(g, w), apart, 1e-10)
			}
		}
		if arch.Convex {
			a, b := m.NewVector(), m.NewVector()
			require.NoError(t, m.GradientsAs(nets.View{}, []*graph.Tensor{u, w}, ds, ids, []*graph.Tensor{a, b}))
			_, err := m.DistilGradient(nets.View{}, u, ds, ids, targets, 0, g)
			require.NoError(t, err)
			for i := range g.Len() {
				require.InDelta(t, a.At(i)-b.At(i), g.At(i), 1e-14)
			}
		}
		_, err = m.DistilGradient(nets.View{}, u, ds, ids[:3], targets, 0, g)
		require.ErrorContains(t, err, "for 3 examples of 10 classes")
	}
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
