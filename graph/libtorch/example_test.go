//go:build libtorch

package libtorch_test

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // registers the engine
)

// The engine is opened by name and device, and runs any graph.
func Example() {
	engine, err := graph.Open("libtorch", "cpu")
	if err != nil {
		fmt.Println(err)
		return
	}
	g := graph.New(graph.Float64)
	x := g.Input("x", 3)
	y := graph.Dot(x, x)
	program, err := engine.Compile([]*graph.Node{x}, []*graph.Node{y, graph.Grad(y, x)})
	if err != nil {
		fmt.Println(err)
		return
	}
	square, gradient := graph.NewTensor(graph.Float64), graph.NewTensor(graph.Float64, 3)
	if err := program.Run([]*graph.Tensor{square, gradient}, []*graph.Tensor{graph.FromSlice([]float64{1, 2, 3})}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(square.At(0), gradient.Float64s())
	// Output: 14 [2 4 6]
}
