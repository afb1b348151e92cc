package history

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Pushes keeps no steps. It keeps, for every example i, the push that the run
// gave its own logits z_i, summed over its visits in learning time:
//
//	α_i = Σ_{t: i∈B_t} η_t/(1−β) · ∂L_t/∂z_i · Π_{s>t} (1 − λη_s/(1−β)),
//
// with L_t the mean loss of the batch, and what weight decay has taken off
// since. Every gradient of the run is Σ_i (∂z_i/∂w)ᵀ ∂L_t/∂z_i, so these n·K
// numbers are what is left of the gradients once each example's Jacobian,
// which can be computed again, is divided out:
//
//	w_T ≈ Π(1 − λη/(1−β)) w_0 − Σ_i (∂z_i/∂w)ᵀ α_i
//
// as far as the Jacobian keeps still. They are the representer values of Yeh et
// al. (NeurIPS 2018), summed along the run instead of taken at its end.
func Pushes() Policy {
	return Policy{name: "pushes", plan: func(_, _ int) []span { return nil }, pushes: true}
}

// pushes sums the pushes of a run.
type pushes struct {
	classes         int
	momentum, decay float64
	sum             []float64 // [n, K], over scale
	scale           float64   // what weight decay has left of a push of the first step
}

func newPushes(s nets.Start) *pushes {
	k := s.Model.Arch().Classes
	return &pushes{k, s.Config.Momentum, s.Config.WeightDecay, make([]float64, s.Data.Len()*k), 1}
}

func (p *pushes) add(s nets.Step) {
	eta := s.LR / (1 - p.momentum)
	// A step pushes after it has decayed. The sums are kept over the scale, so
	// that a step touches its batch alone.
	if p.scale *= 1 - p.decay*eta; p.scale < 1e-30 {
		for i := range p.sum {
			p.sum[i] *= p.scale
		}
		p.scale = 1
	}
	for j, i := range s.Batch {
		for c := range p.classes {
			p.sum[i*p.classes+c] += eta / p.scale * s.LogitGrad.At(j*p.classes+c)
		}
	}
}

func (p *pushes) tensor() *graph.Tensor {
	t := graph.NewTensor(graph.Float32, len(p.sum)/p.classes, p.classes)
	for i, v := range p.sum {
		t.Set(i, v*p.scale)
	}
	return t
}

// Pushes returns α [n, Classes], see the policy of that name, and the bytes
// read. It must not be changed. The error wraps ErrNoPushes if they were not
// kept.
func (r *Record) Pushes() (alpha *graph.Tensor, read int64, err error) {
	alpha, err = r.store.getPushes()
	if err != nil {
		return nil, 0, err
	}
	if alpha == nil {
		return nil, 0, fmt.Errorf("history: %w; the record's policy was %s, record with history.Pushes", ErrNoPushes, r.policy)
	}
	return alpha, int64(alpha.Len() * alpha.DType().Bytes()), nil
}
