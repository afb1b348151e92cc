package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Arch is an architecture as a value.
type Arch struct {
	// Name identifies the architecture in results and checkpoints; those of
	// the built-in ones are notations that Parse reads.
	Name string
	// Input is the shape of one example as Logits wants it; data of another
	// shape with as many features is reshaped.
	Input []int
	// Classes is the number of logits.
	Classes int
	// Logits builds the logits [N, Classes] of a batch x [N, Input…]. It is
	// called once per batch size, and must ask p for the same parameters in
	// the same order each time.
	Logits func(p *Params, x *graph.Node) *graph.Node
	// Loss builds the loss of each example, [N], from the logits and the
	// labels y [N], kept as floats; nil means graph.CrossEntropy.
	Loss func(logits, y *graph.Node) *graph.Node
	// Convex says that the loss is convex in the parameters; unlearning
	// chooses its method by it.
	Convex bool
}

// loss returns Loss or its default.
func (a Arch) loss() func(logits, y *graph.Node) *graph.Node {
	if a.Loss == nil {
		return graph.CrossEntropy
	}
	return a.Loss
}

// Fits reports how the architecture and a data set disagree.
func (a Arch) Fits(ds *data.Dataset) error {
	if ds == nil {
		return fmt.Errorf("nets: %s is given no data set", a.Name)
	}
	if in := product(a.Input); in != ds.Features() {
		return fmt.Errorf("nets: %s takes %d features, but %s has %d (%v)", a.Name, in, ds.Name, ds.Features(), ds.Shape)
	}
	if a.Classes != ds.Classes {
		return fmt.Errorf("nets: %s has %d classes, but %s has %d", a.Name, a.Classes, ds.Name, ds.Classes)
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
