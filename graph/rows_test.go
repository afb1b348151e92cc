package graph_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

func TestRowsKnownAnswers(t *testing.T) {
	table := graph.FromSlice([]float64{1, 2, 3, 4, 5, 6}, 3, 2)
	index := graph.FromSlice([]float64{2, 0, 2, 2})
	rows := graph.FromSlice([]float64{1, 10, 2, 20, 4, 40, 8, 80}, 4, 2)
	read := func(in []*graph.Node) *graph.Node { return graph.Rows(in[0], in[1]) }
	write := func(in []*graph.Node) *graph.Node { return graph.AddRows(in[0], in[1], 4) }
	require.Equal(t, []float64{5, 6, 1, 2, 5, 6, 5, 6}, value(t, read, table, index))
	require.Equal(t, []float64{2, 20, 0, 0, 13, 130, 0, 0}, value(t, write, rows, index))
	vector := graph.FromSlice([]float64{7, 8, 9})
	require.Equal(t, []float64{9, 7, 9, 9}, value(t, read, vector, index))
	require.Equal(t, []float64{2, 20, 0, 0, 13, 130}, value(t, gradOf(read), table, index, rows))
}

// TestRowsAdjoint: ⟨Rows(a), b⟩ = ⟨a, AddRows(b)⟩, on numbers that add up
// exactly, and for any number of workers.
func TestRowsAdjoint(t *testing.T) {
	const n, m, features = 50, 400, 300
	whole := func(seed uint64, shape ...int) *graph.Tensor {
		v := normal(seed, graph.Float32, shape...)
		for i := range v.Len() {
			v.Set(i, float64(int(4*v.At(i))))
		}
		return v
	}
	g := graph.New(graph.Float32)
	a, b, index := g.Input("a", n, features), g.Input("b", m, features), g.Input("index", m)
	in := []*graph.Tensor{whole(1, n, features), whole(2, m, features), graph.NewTensor(graph.Float32, m)}
	for i := range m {
		in[2].Set(i, float64(i*i%n))
	}
	var want []*graph.Tensor
	for _, workers := range []int{1, 3} {
		read, written := graph.Rows(a, index), graph.AddRows(b, index, n)
		got := eval(t, workers, []*graph.Node{a, b, index}, in, graph.Dot(read, b), graph.Dot(a, written), read, written)
		require.Equal(t, got[0].At(0), got[1].At(0))
		if want == nil {
			want = got
		}
		for i := range want {
			require.True(t, slices.Equal(want[i].Float32s(), got[i].Float32s()))
		}
	}
}

func TestRowsErrors(t *testing.T) {
	g := graph.New(graph.Float32)
	table, index, scalar := g.Input("table", 3, 2), g.Input("index", 4), g.Input("s")
	for _, f := range []func(){
		func() { graph.Rows(table, table) },
		func() { graph.Rows(scalar, index) },
		func() { graph.AddRows(table, index, 3) },
		func() { graph.AddRows(index, index, 0) },
	} {
		var se *graph.ShapeError
		require.ErrorAs(t, graph.Build(f), &se)
	}
	var oe *graph.OpError
	huge := g.Input("huge", 1<<24+1)
	require.ErrorAs(t, graph.Build(func() { graph.Rows(huge, index) }), &oe)
	require.NoError(t, graph.Build(func() {
		g := graph.New(graph.Float64)
		graph.Rows(g.Input("huge", 1<<24+1), g.Input("index", 4))
	}))
}
