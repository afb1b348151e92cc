package unlearning

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// headOf returns where the parameters of the last layer start: the last one, and the one before it
// where the last is a bias.
func headOf(m *nets.Model) int {
	params := m.Params()
	last := params[len(params)-1]
	if len(params) > 1 && len(last.Shape) == 1 {
		return params[len(params)-2].Off
	}
	return last.Off
}

// scaleHead returns w with the parameters of the last layer multiplied.
func scaleHead(m *nets.Model, w *graph.Tensor, by float64) *graph.Tensor {
	scaled := w.Clone()
	for i := headOf(m); i < w.Len(); i++ {
		scaled.Set(i, by*scaled.At(i))
	}
	return scaled
}

// linearHead reports whether the logits of examples are twice as large with twice the last layer.
func (req *Request) linearHead(ids []int) (bool, error) {
	was, err := req.logits(req.Run.Params, ids)
	if err != nil {
		return false, err
	}
	is, err := req.logits(scaleHead(req.Model, req.Run.Params, 2), ids)
	if err != nil {
		return false, err
	}
	size := floats.Norm(was, math.Inf(1))
	floats.AddScaled(is, -2, was)
	return floats.Norm(is, math.Inf(1)) <= defaults.ScaleTolerance*size, nil
}
