package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Objective is a loss other than the architecture's, of single examples.
type Objective struct {
	// Name tells objectives apart: those of one name have to be one loss, since a
	// Model compiles each once for every size of batch.
	Name string
	// Loss builds the loss of each example, [N], from the logits z [N, Classes], the
	// labels y [N], kept as floats, and the target logits of Examples [N, Classes].
	Loss func(z, y, targets *graph.Node) *graph.Node
}

// Examples are what an Objective is summed over.
type Examples struct {
	Data *data.Dataset
	IDs  []int // positions in Data, one at least
	View View  // as which they are shown
	// Labels takes the place of the data's; nil keeps them.
	Labels []int32
	// Weights are what the losses are multiplied with before they are added up; nil
	// makes the sum a mean. They may be negative, as for examples to be forgotten.
	Weights []float64
	// Targets are logits to compare with, [len(IDs), Classes], row-major, such as those
	// of a teacher; nil means zeros.
	Targets []float64
}

// ObjectiveGradient sets grad to the gradient at w of the weighted sum of an objective
// over examples, and returns the sum. The zero Objective is the loss of the
// architecture. It costs a gradient for each example.
func (m *Model) ObjectiveGradient(o Objective, w *graph.Tensor, ex Examples, grad *graph.Tensor) (loss float64, err error) {
	n, k := len(ex.IDs), m.arch.Classes
	switch {
	case ex.Labels != nil && len(ex.Labels) != n:
		return 0, fmt.Errorf("nets: %s: %d labels for %d examples", m.arch.Name, len(ex.Labels), n)
	case ex.Weights != nil && len(ex.Weights) != n:
		return 0, fmt.Errorf("nets: %s: %d weights for %d examples", m.arch.Name, len(ex.Weights), n)
	case o.Loss != nil && o.Name == "":
		return 0, fmt.Errorf("nets: %s: an objective without a name", m.arch.Name)
	case ex.Targets != nil && o.Loss == nil:
		return 0, fmt.Errorf("nets: %s: target logits for a loss that has none", m.arch.Name)
	}
	for i, y := range ex.Labels {
		if y < 0 || int(y) >= k {
			return 0, fmt.Errorf("nets: %s: label %d of example %d, of %d classes", m.arch.Name, y, i, k)
		}
	}
	if ex.Targets != nil {
		if err := m.checkLogits("target logits", ex.Targets, ex.IDs); err != nil {
			return 0, err
		}
	}
	kind := objectiveProgram
	if o.Loss == nil { // the very program of training, for the same bits
		kind, o = gradientProgram, Objective{}
	}
	l := graph.NewTensor(m.dt)
	m.work.add(gradientThirds * n)
	err = m.parts(n, []*graph.Tensor{grad}, func(lo, hi int) (*batchProgram, error) {
		p, err := m.programOf(kind, hi-lo, o)
		if err != nil {
			return nil, err
		}
		if err := m.fill(p, ex.View, ex.Data, ex.IDs[lo:hi], 1/float64(n)); err != nil {
			return nil, err
		}
		for i := lo; i < hi; i++ {
			if ex.Labels != nil {
				p.y.Set(i-lo, float64(ex.Labels[i]))
			}
			if ex.Weights != nil {
				p.c.Set(i-lo, ex.Weights[i])
			}
		}
		if kind == objectiveProgram {
			if ex.Targets != nil {
				p.fillLogits(ex.Targets[lo*k:])
			} else {
				p.v.Zero()
			}
		}
		return p, nil
	}, func(p *batchProgram, _, _ int, g *graph.Tensor) error {
		p.out[0], p.out[1] = l, g
		if kind == gradientProgram {
			p.out[2] = p.dz
		}
		if err := p.run(w); err != nil {
			return err
		}
		loss += l.At(0)
		return nil
	})
	return loss, err
}
