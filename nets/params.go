package nets

import (
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Param is one named parameter tensor: a view of the flat vector.
type Param struct {
	Name  string // "fc1.weight", as PyTorch would call it
	Shape []int
	Off   int // in the flat vector
	Init  Init
}

// Len returns the number of elements.
func (p Param) Len() int { return product(p.Shape) }

// Init draws a parameter's first values: normal with standard deviation Std
// around Mean.
type Init struct{ Mean, Std float64 }

// He is the initialisation of He et al. (2015) for weights that feed a ReLU:
// variance 2/fanIn.
func He(fanIn int) Init { return Init{Std: math.Sqrt(2 / float64(fanIn))} }

// Constant starts every element at v.
func Constant(v float64) Init { return Init{Mean: v} }

// Params hands an architecture its parameters, consecutive views of the flat
// vector.
type Params struct {
	w     *graph.Node
	specs []Param
	off   int
}

// Take returns the next parameter.
func (p *Params) Take(name string, init Init, shape ...int) *graph.Node {
	p.specs = append(p.specs, Param{name, slices.Clone(shape), p.off, init})
	v := graph.View(p.w, p.off, shape...)
	p.off += product(shape)
	return v
}

// draw fills w with the initial values of seed. Every parameter has a stream
// of its own.
func draw(w *graph.Tensor, params []Param, seed uint64) {
	for i, p := range params {
		r := purpose.Rand(seed, purpose.Initial, uint64(i))
		for j := range p.Len() {
			v := p.Init.Mean
			if p.Init.Std > 0 {
				v += p.Init.Std * r.NormFloat64()
			}
			w.Set(p.Off+j, v)
		}
	}
}
