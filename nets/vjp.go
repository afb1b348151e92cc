package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// VJP sets sum to Σ_i J_iᵀ c_i over the examples ids of ds as view shows them:
// the vector-Jacobian product of their logits, J_i = ∂z_i/∂w at w, with the
// cotangents c [N, Classes], row-major. It costs a gradient for each example.
func (m *Model) VJP(view View, w *graph.Tensor, ds *data.Dataset, ids []int, cotangents []float64, sum *graph.Tensor) error {
	if err := m.checkLogits("cotangents", cotangents, ids); err != nil {
		return err
	}
	m.work.add(gradientThirds * len(ids))
	return m.overParts(vjpProgram, view, ds, ids, []*graph.Tensor{sum}, func(p *batchProgram, lo, _ int, s *graph.Tensor) error {
		p.fillLogits(cotangents[lo*m.arch.Classes:])
		p.out[0] = s
		return p.run(w)
	})
}

// DistilGradient sets grad to the gradient at w of how far the examples ids of
// ds, as view shows them, are from given logits ẑ [N, Classes], row-major:
//
//	mean over i of KL(softmax(ẑ_i) ‖ softmax(z_i)) + stiffness/2 · ‖z_i − ẑ_i‖².
//
// Where ẑ are the model's logits at some w', it is zero at w', and differs from
// the difference of the loss's gradients at w and w' only by what the Jacobian
// has changed in between and by the stiffness.
//
// It returns how far apart the logits are along that gradient,
//
//	mean over i of (z_i − ẑ_i)ᵀ (softmax(z_i) − softmax(ẑ_i)) + stiffness · ‖z_i − ẑ_i‖²,
//
// the sum of both Kullback–Leibler divergences (Jeffreys, 1946) and twice the rest. It is
// never negative, positive wherever probabilities differ or, with stiffness, logits do, about
// twice the distance where they are near, and (w − w')ᵀ grad where they are affine in w.
func (m *Model) DistilGradient(view View, w *graph.Tensor, ds *data.Dataset, ids []int, targets []float64, stiffness float64, grad *graph.Tensor) (apart float64, err error) {
	if err := m.checkLogits("logits to distil", targets, ids); err != nil {
		return 0, err
	}
	m.work.add(gradientThirds * len(ids))
	part := graph.NewTensor(m.dt)
	err = m.overParts(distilProgram, view, ds, ids, []*graph.Tensor{grad}, func(p *batchProgram, lo, _ int, g *graph.Tensor) error {
		p.fillLogits(targets[lo*m.arch.Classes:])
		p.spring.Set(0, stiffness)
		p.out[0], p.out[1] = g, part
		err := p.run(w)
		apart += part.At(0)
		return err
	})
	return apart, err
}

// checkLogits reports whether there is a value for each logit of the examples.
func (m *Model) checkLogits(what string, values []float64, ids []int) error {
	if k := m.arch.Classes; len(values) != k*len(ids) {
		return fmt.Errorf("nets: %s: %d %s for %d examples of %d classes", m.arch.Name, len(values), what, len(ids), k)
	}
	return nil
}

// fillLogits sets the program's input of the shape of its logits.
func (p *batchProgram) fillLogits(values []float64) {
	for i := range p.v.Len() {
		p.v.Set(i, values[i])
	}
}
