package nets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Logistic returns multinomial logistic regression: one affine layer.
func Logistic(features, classes int) Arch {
	a := MLP(features, classes)
	a.Name = "logistic"
	return a
}

// MLP returns a network of fully connected layers fc1, fc2, … with ReLU
// between them, from sizes[0] features through the hidden sizes to the last
// one's classes. It panics with fewer than two sizes or a size below one.
func MLP(sizes ...int) Arch {
	if len(sizes) < 2 || slices.Min(sizes) < 1 {
		panic(fmt.Sprintf("nets: MLP needs at least two positive sizes, those of the input and the output, as in MLP(784, 16, 10), got %v", sizes))
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
