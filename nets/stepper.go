package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Stepper is the update kernel of training, as a graph of its own:
//
//	p ← β p + g + λ w − δ,   w ← w − η p,
//
// with δ = 0 in training. Everything that moves parameters, the trainer, a replay
// and the contraction of two runs, uses it, so equal inputs give equal bits.
type Stepper struct {
	// W and P are the parameters and the momentum. Steps replace their
	// tensors with others, so do not keep them.
	W, P *graph.Tensor

	model           *Model
	momentum, decay float64
	w2, p2, eta     *graph.Tensor
	plain           graph.Program // without δ
	disturbed       graph.Program // with it, compiled when first asked for
}

// NewStepper returns a Stepper at w with momentum p, which it copies; p nil
// means zero.
func (m *Model) NewStepper(momentum, decay float64, w, p *graph.Tensor) (*Stepper, error) {
	s := &Stepper{W: w.Clone(), model: m, momentum: momentum, decay: decay, w2: m.NewVector(), p2: m.NewVector(), eta: graph.NewTensor(m.dt)}
	if p != nil {
		s.P = p.Clone()
	} else {
		s.P = m.NewVector()
	}
	var err error
	s.plain, err = s.compile(false)
	return s, err
}

// compile builds the update.
func (s *Stepper) compile(disturbed bool) (program graph.Program, err error) {
	m := s.model
	err = graph.Build(func() {
		g := graph.New(m.dt)
		w, p, grad, eta := g.Input("w", m.size), g.Input("p", m.size), g.Input("g", m.size), g.Input("-eta")
		in := []*graph.Node{w, p, grad, eta}
		weights, terms := []float64{s.momentum, 1, s.decay}, []*graph.Node{p, grad, w}
		if disturbed {
			delta := g.Input("delta", m.size)
			in, weights, terms = append(in, delta), append(weights, -1), append(terms, delta)
		}
		p2 := graph.Lin(weights, terms...)
		w2 := graph.AddScaled(w, eta, p2)
		if program, err = m.engine.Compile(in, []*graph.Node{w2, p2}); err != nil {
			panic(&graph.OpError{Op: "update", Reason: err.Error()})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("nets: update step: %w", err)
	}
	return program, nil
}

// Step moves the parameters along the gradient g at learning rate eta.
func (s *Stepper) Step(g *graph.Tensor, eta float64) error {
	return s.run(s.plain, eta, s.W, s.P, g, s.eta)
}

// StepAgainst moves the parameters along g − δ at learning rate eta.
func (s *Stepper) StepAgainst(g, delta *graph.Tensor, eta float64) (err error) {
	if s.disturbed == nil {
		if s.disturbed, err = s.compile(true); err != nil {
			return err
		}
	}
	return s.run(s.disturbed, eta, s.W, s.P, g, s.eta, delta)
}

func (s *Stepper) run(program graph.Program, eta float64, in ...*graph.Tensor) error {
	s.eta.Set(0, -eta)
	err := program.Run([]*graph.Tensor{s.w2, s.p2}, in)
	s.W, s.w2, s.P, s.p2 = s.w2, s.W, s.p2, s.P
	return err
}
