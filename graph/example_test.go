package graph_test

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// A gradient and an exact Hessian-vector product of ½ Σ (x w)², as two outputs
// of one program.
func Example() {
	g := graph.New(graph.Float64)
	w, x, v := g.Input("w", 2), g.Input("x", 3, 2), g.Input("v", 2)
	y := graph.MatMul(x, graph.View(w, 0, 2, 1))
	loss := graph.Scale(0.5, graph.Dot(y, y))
	grad := graph.Grad(loss, w)              // xᵀx w
	hvp := graph.Grad(graph.Dot(grad, v), w) // xᵀx v

	var engine graph.Walker
	p, err := engine.Compile([]*graph.Node{w, x, v}, []*graph.Node{grad, hvp})
	if err != nil {
		fmt.Println(err)
		return
	}
	out := []*graph.Tensor{graph.NewTensor(graph.Float64, 2), graph.NewTensor(graph.Float64, 2)}
	err = p.Run(out, []*graph.Tensor{
		graph.FromSlice([]float64{1, 2}),
		graph.FromSlice([]float64{1, 0, 0, 1, 1, 1}, 3, 2),
		graph.FromSlice([]float64{1, 0}),
	})
	fmt.Println(out[0].Float64s(), out[1].Float64s(), err)
	// Output: [4 5] [2 1] <nil>
}
