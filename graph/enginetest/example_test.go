package enginetest_test

import (
	"fmt"
	"testing"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// The whole test of an engine, in a file of its package that ends in _test.go.
func ExampleRun() {
	testEngine := func(t *testing.T) { // there func TestEngine(t *testing.T)
		open := func(*testing.T) graph.Engine { return &graph.Walker{} }
		enginetest.Run(t, open, enginetest.Options{Frugal: true})
	}
	_ = testEngine // go test calls it
}

// Two engines on the suite's models: gradients agree to rounding.
func ExampleNewModel() {
	gradient := func(e graph.Engine, b enginetest.Builder) (*graph.Tensor, error) {
		m := enginetest.NewModel(b, graph.Float64, 4, 1) // 4 examples, seed 1
		p, err := e.Compile(m.Inputs(), []*graph.Node{m.Grad})
		if err != nil {
			return nil, err
		}
		g := graph.NewTensor(graph.Float64, b.Params)
		return g, p.Run([]*graph.Tensor{g}, m.Values())
	}
	for _, b := range enginetest.Architectures() {
		want, err := gradient(&graph.Walker{}, b)
		if err != nil {
			fmt.Println(err)
			return
		}
		got, err := gradient(graph.Tape{}, b)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Name, enginetest.RelErr(got, want) < 1e-12)
	}
	// Output:
	// logistic true
	// tanh true
	// relu true
	// gelu true
	// conv true
	// residual true
}
