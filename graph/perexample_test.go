package graph_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// TestPerExampleSquaredNorms compares with gradients of batches of one: those
// of weights that are zero but for one example.
func TestPerExampleSquaredNorms(t *testing.T) {
	for _, b := range enginetest.Architectures() {
		for _, dt := range []graph.DType{graph.Float64, graph.Float32} {
			t.Run(fmt.Sprint(b.Name, dt), func(t *testing.T) {
				const n = 5
				m := enginetest.NewModel(b, dt, n, 3)
				norms := graph.PerExampleSquaredNorms(graph.CrossEntropy(m.Logits, m.Y), m.W)
				got := eval(t, 2, m.Inputs(), m.Values(), norms)[0]
				for i := range n {
					m.CVal.Zero()
					m.CVal.Set(i, 1)
					g := eval(t, 1, m.Inputs(), m.Values(), m.Grad)[0]
					want := 0.0
					for j := range g.Len() {
						want += g.At(j) * g.At(j)
					}
					require.InEpsilon(t, want, got.At(i), map[graph.DType]float64{graph.Float64: 1e-12, graph.Float32: 1e-4}[dt])
				}
			})
		}
	}
}

// TestPerExampleDerivative: the gradient of the norms against differences.
func TestPerExampleDerivative(t *testing.T) {
	for _, b := range enginetest.Architectures()[4:] {
		m := enginetest.NewModel(b, graph.Float64, 3, 4)
		f := graph.Dot(graph.PerExampleSquaredNorms(graph.CrossEntropy(m.Logits, m.Y), m.W), m.C)
		run := func(w *graph.Tensor) (float64, *graph.Tensor) {
			v := m.Values()
			v[0] = w
			r := eval(t, 1, m.Inputs(), v, f, graph.Grad(f, m.W))
			return r[0].At(0), r[1]
		}
		_, g := run(m.WVal)
		const h = 1e-6
		up, down := m.WVal.Clone(), m.WVal.Clone()
		slope := 0.0
		for i := range up.Len() {
			up.Set(i, up.At(i)+h*m.VVal.At(i))
			down.Set(i, down.At(i)-h*m.VVal.At(i))
			slope += g.At(i) * m.VVal.At(i)
		}
		a, _ := run(up)
		c, _ := run(down)
		require.InEpsilon(t, (a-c)/(2*h), slope, 1e-6, b.Name)
	}
}

// TestPerExampleStrict: what has no rule is an error.
func TestPerExampleStrict(t *testing.T) {
	g := graph.New(graph.Float64)
	w, x, words := g.Input("w", 12), g.Input("x", 4, 3), g.Input("words", 2, 4, 3)
	k := graph.View(w, 0, 3, 3)
	for _, c := range []struct {
		want   string
		losses func() *graph.Node
	}{
		{"used twice", func() *graph.Node { return graph.RowSum(graph.MatMul(graph.MatMul(x, k), k)) }},
		{"overlaps", func() *graph.Node { return graph.RowSum(graph.Affine(x, k, graph.View(w, 8, 3))) }},
		{"by views only", func() *graph.Node { return graph.Scale(2, w) }},
		{"mul: per example: there is no rule", func() *graph.Node { return graph.RowSum(graph.Mul(graph.View(w, 0, 4, 3), x)) }},
		{"matmul true false: per example", func() *graph.Node {
			return graph.RowSum(graph.Apply(graph.MatMulOp{TransA: true}, graph.MatMul(x, k), x))
		}},
		{"channelsum: per example", func() *graph.Node { return graph.ChannelSum(graph.MatMul(x, k)) }},
		{"it has 8 rows for 2 examples", func() *graph.Node {
			rows := graph.RowSum(graph.MatMul(graph.Reshape(words, 8, 3), k))
			return graph.RowSum(graph.Reshape(rows, 2, 4))
		}},
		{"got [], [12]", func() *graph.Node { return graph.Dot(w, w) }},
	} {
		require.ErrorContains(t, graph.Build(func() { graph.PerExampleSquaredNorms(c.losses(), w) }), c.want)
	}
}
