package lbfgs

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestSecantsSpan: exact pairs along the eigenvectors of a quadratic, which are
// conjugate and span the space, make B the Hessian itself.
func TestSecantsSpan(t *testing.T) {
	const n = 5
	h := mat.NewSymDense(n, nil) // the second difference, and a slope to tell the values apart
	for i := range n {
		h.SetSym(i, i, 2+0.3*float64(i))
		if i > 0 {
			h.SetSym(i, i-1, -1)
		}
	}
	var eig mat.EigenSym
	require.True(t, eig.Factorize(h, true))
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	b := &Matrix{Memory: n}
	for k, value := range eig.Values(nil) {
		s, y := graph.NewTensor(graph.Float64, n), graph.NewTensor(graph.Float64, n)
		for i := range n {
			s.Set(i, vectors.At(i, k))
			y.Set(i, value*vectors.At(i, k))
		}
		require.True(t, b.Push(s, y))
	}
	v := mat.NewVecDense(n, []float64{1, -2, 0.5, 3, -1})
	var want mat.VecDense
	want.MulVec(h, v)
	got := graph.NewTensor(graph.Float64, n)
	require.NoError(t, b.Product(graph.FromSlice(v.RawVector().Data), got))
	require.InDeltaSlice(t, want.RawVector().Data, got.Float64s(), 1e-12)
}

// TestSecantsEmpty: without pairs B is zero, and a pair without length is none.
func TestSecantsEmpty(t *testing.T) {
	b := &Matrix{Memory: 2}
	zero := graph.NewTensor(graph.Float64, 3)
	require.False(t, b.Push(zero, zero))
	out := graph.FromSlice([]float64{1, 2, 3})
	require.NoError(t, b.Product(graph.FromSlice([]float64{1, 1, 1}), out))
	require.Equal(t, []float64{0, 0, 0}, out.Float64s())
}

func TestTrust(t *testing.T) {
	v := func(x ...float64) *graph.Tensor { return graph.FromSlice(x) }
	region := Trust{Limit: 2}
	region.Saw(v(0, 0), v(9, 9)) // says nothing
	region.Saw(v(3, 4), v(0, 10))
	region.Saw(v(1, 0), v(0.5, 0))
	require.Equal(t, 2.0, region.longest)
	inside := v(0, 4)
	require.False(t, region.Shorten(v(1, 0), inside))
	require.Equal(t, []float64{0, 4}, inside.Float64s())
	outside := v(6, 8)
	require.True(t, region.Shorten(v(1, 0), outside))
	require.InDeltaSlice(t, []float64{2.4, 3.2}, outside.Float64s(), 1e-15)

	far := v(600, 800)
	require.False(t, (&Trust{longest: 1}).Shorten(v(1, 0), far), "a limit of 0 trusts every product")
	require.Equal(t, []float64{600, 800}, far.Float64s())
}
