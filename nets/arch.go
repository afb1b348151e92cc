package nets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// Logistic returns multinomial logistic regression: one affine layer.
func Logistic(features, classes int) Arch {
	a := MLP(features, classes)
	a.Name = "logistic"
	return a
}

// MLP returns a network of fully connected layers with ReLU between them,
// from sizes[0] features through the hidden sizes to the last one's classes.
// It panics with fewer than two sizes or a size below one.
func MLP(sizes ...int) Arch {
	if len(sizes) < 2 || slices.Min(sizes) < 1 {
		panic(fmt.Sprintf("nets: MLP needs at least two positive sizes, got %v", sizes))
	}
	sizes = slices.Clone(sizes)
	text := make([]string, len(sizes))
	for i, s := range sizes {
		text[i] = strconv.Itoa(s)
	}
	return Arch{
		Name:    "mlp:" + strings.Join(text, "-"),
		Input:   sizes[:1],
		Classes: sizes[len(sizes)-1],
		Convex:  len(sizes) == 2,
		Logits: func(p *Params, x *graph.Node) *graph.Node {
			last := len(sizes) - 1
			for i := 1; i < last; i++ {
				x = p.Dense(fmt.Sprintf("fc%d", i), x, sizes[i], graph.ReLU)
			}
			return p.Dense(fmt.Sprintf("fc%d", last), x, sizes[last], graph.Identity)
		},
	}
}

// Parse reads a notation, "logistic" or "mlp:784-200-10", for the data set
// that it is to classify.
func Parse(spec string, ds *data.Dataset) (Arch, error) {
	kind, arg, _ := strings.Cut(spec, ":")
	switch kind {
	case "logistic":
		if arg != "" {
			return Arch{}, fmt.Errorf("nets: %q: logistic takes its sizes from the data, write it without %q", spec, ":"+arg)
		}
		return Logistic(ds.Features(), ds.Classes), nil
	case "mlp":
		var sizes []int
		for _, s := range strings.Split(arg, "-") {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 {
				return Arch{}, fmt.Errorf("nets: %q: layer size %q is not a positive number; write for example mlp:%d-200-%d", spec, s, ds.Features(), ds.Classes)
			}
			sizes = append(sizes, n)
		}
		if len(sizes) < 2 {
			return Arch{}, fmt.Errorf("nets: %q: an mlp needs at least an input and an output size; write for example mlp:%d-200-%d", spec, ds.Features(), ds.Classes)
		}
		return MLP(sizes...), nil
	}
	return Arch{}, fmt.Errorf("nets: unknown architecture %q; known are logistic and mlp:IN-HIDDEN-…-OUT", spec)
}

// Fits reports how the architecture and a data set disagree.
func (a Arch) Fits(ds *data.Dataset) error {
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
