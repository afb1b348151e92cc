package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Steer is an objective over a batch of N examples: their losses with weights,
// and linear functions of their logits z,
//
//	Σ_i Weights_i ℓ_i(w) + Σ_i ⟨Pull_i, z_i(w)⟩.
//
// Its gradient costs what that of the mean loss costs.
type Steer struct {
	Weights []float64 // [N]
	Pull    []float64 // [N, Classes] row-major
	// Logits, [N, Classes] row-major, is set to z. Nil leaves it out.
	Logits []float64
}

// SteerGradient sets grad to the gradient of s at w over the examples ids of
// ds as view shows them.
func (m *Model) SteerGradient(view View, w *graph.Tensor, ds *data.Dataset, ids []int, s Steer, grad *graph.Tensor) error {
	k := m.arch.Classes
	if len(s.Weights) != len(ids) || len(s.Pull) != k*len(ids) || s.Logits != nil && len(s.Logits) != len(s.Pull) {
		return fmt.Errorf("nets: %s: %d weights, %d pulls and %d logits for %d examples of %d classes", m.arch.Name, len(s.Weights), len(s.Pull), len(s.Logits), len(ids), k)
	}
	m.work.add(gradientThirds * len(ids))
	return m.overParts(steeredProgram, view, ds, ids, []*graph.Tensor{grad}, func(p *batchProgram, lo, _ int, g *graph.Tensor) error {
		for i := range p.c.Len() {
			p.c.Set(i, s.Weights[lo+i])
		}
		for i := range p.v.Len() {
			p.v.Set(i, s.Pull[lo*k+i])
		}
		p.out[0], p.out[1] = g, p.z
		err := p.run(w)
		for i := range min(p.z.Len(), len(s.Logits)) {
			s.Logits[lo*k+i] = p.z.At(i)
		}
		return err
	})
}
