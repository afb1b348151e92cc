package nets

import (
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
)

// WithLoss returns a Model of the same architecture and engine whose loss of
// each example is f of the original's: [N] → [N], built in the graph. It counts
// its work with m's.
func (m *Model) WithLoss(f func(loss *graph.Node) *graph.Node) *Model {
	c := m.Clone()
	each := m.arch.loss()
	c.arch.Loss = func(z, y *graph.Node) *graph.Node { return f(each(z, y)) }
	return c
}

// Capped is min(loss, limit) for each example: above the limit an example has
// no gradient.
func Capped(limit float64) func(loss *graph.Node) *graph.Node {
	return func(loss *graph.Node) *graph.Node {
		over := graph.Activate(graph.ReLU, graph.Sub(loss, graph.Fill(loss, limit)))
		return graph.Sub(loss, over)
	}
}

// LossNotation names the loss of an example, op by op: equal losses have equal
// notations, and with most changes of a loss its notation changes too, though
// not where an op of stock Gorgonia hides a number from its name.
func (m *Model) LossNotation() string {
	var list []string
	err := graph.Build(func() {
		const n = 2 // any batch
		g := graph.New(m.dt)
		seen := map[*graph.Node]int{}
		var visit func(*graph.Node) int
		visit = func(node *graph.Node) int {
			if i, ok := seen[node]; ok {
				return i
			}
			name := node.String()
			for _, in := range node.Inputs() {
				name += fmt.Sprintf(" %d", visit(in))
			}
			seen[node] = len(list)
			list = append(list, name)
			return len(list) - 1
		}
		visit(m.arch.loss()(g.Input("z", n, m.arch.Classes), g.Input("y", n)))
	})
	if err != nil {
		return err.Error() // training fails with it
	}
	return strings.Join(list, "; ")
}
