package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// sharpnessProducts is the number of products that Sharpness takes: from a vector that
// is far along the sharpest direction, three tell the curvature there to some percent.
const sharpnessProducts = 3

// SharpnessCost is what Sharpness of a batch takes, in gradient evaluations.
func SharpnessCost(batch int) float64 { return float64(batch)*sharpnessProducts + float64(batch)/3 }

// Sharpness estimates the largest curvature of c at w_T over one batch, by power
// iteration from a vector: a lower bound, as all Rayleigh quotients are. A product is
// the gradient of distillation a short way along the vector, where it is linear. The
// second value is the cost in gradient evaluations.
func (c Distilled) Sharpness(s *System, start *graph.Tensor) (curvature, cost float64, err error) {
	w, view, k := s.Run.Params, s.LastView(), s.Model.Arch().Classes
	ids := newDeck(s.Retain, s.Rand(purpose.Sharpness, c.Draw)).next(c.Batch)
	cost = SharpnessCost(len(ids))
	z := make([]float64, k*len(ids))
	if err := s.Model.LogitsAs(view, w, s.Run.Data, ids, z); err != nil {
		return 0, 0, err
	}
	// Short enough to be linear, long enough for float32.
	const relative = 1. / 1024
	v, at, h := start.Clone(), s.Model.NewVector(), s.Model.NewVector()
	length := relative * vector.Norm(w)
	for range sharpnessProducts {
		size := vector.Norm(v)
		if !(size > 0) || !(length > 0) {
			return 0, cost, nil
		}
		vector.Combine(at, 1, w, length/size, v)
		if _, err := s.Model.DistilGradient(view, at, s.Run.Data, ids, z, c.Stiffness, h); err != nil {
			return 0, 0, err
		}
		curvature = vector.Norm(h) / length
		v, h = h, v
	}
	return curvature, cost, nil
}
