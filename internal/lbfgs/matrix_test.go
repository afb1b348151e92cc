package lbfgs

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestSecantProduct: the compact product equals the dense
// BFGS matrix, B ← B − B s sᵀB/sᵀBs + y yᵀ/yᵀs from B = σI over the pairs kept,
// however much the pairs differ in length.
func TestSecantProduct(t *testing.T) {
	const n, memory = 7, 3
	r := rand.New(rand.NewPCG(1, 2))
	random := func() *mat.VecDense {
		v := mat.NewVecDense(n, nil)
		for i := range n {
			v.SetVec(i, r.NormFloat64())
		}
		return v
	}
	tensor := func(v *mat.VecDense) *graph.Tensor {
		return graph.FromSlice(append([]float64(nil), v.RawVector().Data...))
	}
	a := mat.NewDense(n, n, nil) // symmetric, positive definite
	for range 2 * n {
		v := random()
		var o mat.Dense
		o.Outer(0.3, v, v)
		a.Add(a, &o)
	}
	b := &Matrix{Memory: memory}
	var ss, ys []*mat.VecDense
	for _, length := range []float64{1, 1, 1e-8, 1, 1e8} {
		s, y := random(), mat.NewVecDense(n, nil)
		s.ScaleVec(length, s)
		y.MulVec(a, s)
		require.True(t, b.Push(tensor(s), tensor(y)))
		ss, ys = append(ss, s), append(ys, y)
		if len(ss) > memory {
			ss, ys = ss[1:], ys[1:]
		}
		k := len(ss) - 1
		dense := mat.NewDense(n, n, nil)
		for i := range n {
			dense.Set(i, i, mat.Dot(ys[k], ss[k])/mat.Dot(ss[k], ss[k]))
		}
		for i := range ss {
			var bs mat.VecDense
			bs.MulVec(dense, ss[i])
			var down, up mat.Dense
			down.Outer(-1/mat.Dot(ss[i], &bs), &bs, &bs)
			up.Outer(1/mat.Dot(ys[i], ss[i]), ys[i], ys[i])
			dense.Add(dense, &down)
			dense.Add(dense, &up)
		}
		v := random()
		var want mat.VecDense
		want.MulVec(dense, v)
		got := graph.NewTensor(graph.Float64, n)
		require.NoError(t, b.Product(tensor(v), got))
		require.InDeltaSlice(t, want.RawVector().Data, got.Float64s(), 1e-12)
	}
	s := random()
	y := mat.NewVecDense(n, nil)
	y.ScaleVec(-1, s)
	require.False(t, b.Push(tensor(s), tensor(y)), "negative curvature was taken")
	require.Len(t, b.s, memory)
}
