package history

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Pushes keeps no steps. It keeps, for every example i, two vectors over its
// logits z_i, which come with the gradients of training at no cost. One is the
// push that the run gave them, summed over its visits in learning time:
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
//
// The other is the example's answer, the logits themselves, when it was last
// visited. Under a learning rate that falls to zero these are nearly the
// trained model's.
func Pushes() Policy {
	return Policy{name: "pushes", plan: func(_, _ int) []span { return nil }, pushes: true}
}

// pushes sums the pushes of a run and keeps its last answers.
type pushes struct {
	classes         int
	momentum, decay float64
	sum             []float64     // [n, K], over scale
	scale           float64       // what weight decay has left of a push of the first step
	answers         *graph.Tensor // [n, K]
}

func newPushes(s nets.Start) *pushes {
	n, k := s.Data.Len(), s.Model.Arch().Classes
	return &pushes{k, s.Config.Momentum, s.Config.WeightDecay, make([]float64, n*k), 1, graph.NewTensor(graph.Float32, n, k)}
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
			p.answers.Set(i*p.classes+c, s.Logits.At(j*p.classes+c))
		}
	}
}

// trace returns what is to be stored.
func (p *pushes) trace() *trace {
	t := &trace{graph.NewTensor(graph.Float32, len(p.sum)/p.classes, p.classes), p.answers}
	for i, v := range p.sum {
		t.pushes.Set(i, v*p.scale)
	}
	return t
}

// trace is what a run has left on the logits of its examples, each [n, K].
type trace struct{ pushes, answers *graph.Tensor }

func (t *trace) bytes() int64 {
	return int64(t.pushes.Len()*t.pushes.DType().Bytes() + t.answers.Len()*t.answers.DType().Bytes())
}

// Pushes returns α and the last answers, each [n, Classes], see the policy of
// that name, and the bytes read. Rows of examples that the run never visited
// are zero. The tensors must not be changed. The error wraps ErrNoPushes if
// they were not kept.
func (r *Record) Pushes() (alpha, answers *graph.Tensor, read int64, err error) {
	t, err := r.store.getTrace()
	if err != nil {
		return nil, nil, 0, err
	}
	if t == nil {
		return nil, nil, 0, fmt.Errorf("history: %w; the record's policy was %s, record with history.Pushes", ErrNoPushes, r.policy)
	}
	return t.pushes, t.answers, t.bytes(), nil
}
