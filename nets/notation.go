package nets

import (
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
)

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
