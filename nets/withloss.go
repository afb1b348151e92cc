package nets

import "github.com/miniunlearn/miniunlearn/graph"

// WithLoss returns a Model of the same architecture and engine whose loss of
// each example is f of the original's: [N] → [N], built in the graph. It counts
// its work with m's.
func (m *Model) WithLoss(f func(loss *graph.Node) *graph.Node) *Model {
	c := m.Clone()
	each := m.arch.Loss
	if each == nil {
		each = graph.CrossEntropy
	}
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
