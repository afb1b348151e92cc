package vector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

func TestVectors(t *testing.T) {
	for _, make := range []func(...float64) *graph.Tensor{
		func(v ...float64) *graph.Tensor { return graph.FromSlice(v) },
		func(v ...float64) *graph.Tensor {
			t := graph.NewTensor(graph.Float32, len(v))
			for i, x := range v {
				t.Set(i, x)
			}
			return t
		},
	} {
		a, b, out := make(3, -4), make(1, 0.5), make(0, 0)
		is := func(x, y float64) { t.Helper(); require.Equal(t, []float64{x, y}, []float64{out.At(0), out.At(1)}) }
		vector.Combine(out, 2, a, -1, b)
		is(5, -8.5)
		vector.AddScaled(out, 2, b)
		is(7, -7.5)
		vector.Mix(out, a, b, 0.5)
		is(2, -1.75)
		vector.Mix(out, a, b, 0)
		is(3, -4)
		require.Equal(t, 1.0, vector.Dot(a, b))
		require.Equal(t, 5.0, vector.Norm(a))
		require.Equal(t, 1.5, vector.Distance(make(2, 4), make(2, 2.5)))
		out = make(1, 2, 3, 4, 5, 6)
		square, apart := vector.Join(out, make(5, 2, 7, 4, 5, 2), 0.75)
		require.Zero(t, vector.Distance(make(2, 2, 4, 4, 5, 5), out))
		require.Equal(t, []float64{90, 48}, []float64{square, apart})
		require.Equal(t, square, vector.Dot(out, out))
	}
}
