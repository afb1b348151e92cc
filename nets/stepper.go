package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Stepper is the update kernel of training, as a graph of its own:
//
//	p ← β p + g + λ w,   w ← w − η p.
//
// Everything that moves parameters, the trainer, a replay and the contraction
// iteration, uses it, so equal inputs give equal bits.
type Stepper struct {
	// W and P are the parameters and the momentum. Step replaces their
	// tensors with others, so do not keep them.
	W, P *graph.Tensor

	w2, p2, eta *graph.Tensor
	program     graph.Program
}

// NewStepper returns a Stepper at w with momentum p, which it copies; p nil
// means zero.
func (m *Model) NewStepper(momentum, decay float64, w, p *graph.Tensor) (*Stepper, error) {
	s := &Stepper{W: w.Clone(), w2: m.NewVector(), p2: m.NewVector(), eta: graph.NewTensor(m.dt)}
	if p != nil {
		s.P = p.Clone()
	} else {
		s.P = m.NewVector()
	}
	err := graph.Build(func() {
		g := graph.New(m.dt)
		w, p, d, eta := g.Input("w", m.size), g.Input("p", m.size), g.Input("g", m.size), g.Input("-eta")
		p2 := graph.Lin([]float64{momentum, 1, decay}, p, d, w)
		w2 := graph.AddScaled(w, eta, p2)
		var err error
		if s.program, err = m.engine.Compile([]*graph.Node{w, p, d, eta}, []*graph.Node{w2, p2}); err != nil {
			panic(&graph.OpError{Op: "update", Reason: err.Error()})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("nets: update step: %w", err)
	}
	return s, nil
}

// Step moves the parameters along the gradient g at learning rate eta.
func (s *Stepper) Step(g *graph.Tensor, eta float64) error {
	s.eta.Set(0, -eta)
	err := s.program.Run([]*graph.Tensor{s.w2, s.p2}, []*graph.Tensor{s.W, s.P, g, s.eta})
	s.W, s.w2, s.P, s.p2 = s.w2, s.W, s.p2, s.P
	return err
}
