package history

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

const logitGradientsName = "logit-gradients"

// LogitGradients keeps no steps. It keeps, for every example i, the gradient of
// the loss in its own logits z_i, summed over the example's visits in learning
// time:
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
func LogitGradients() Policy { return Policy{logitGradients: true} }

// logitGradients sums the logit gradients of a run.
type logitGradients struct {
	classes         int
	momentum, decay float64
	sum             []float64 // [n, K], over scale
	scale           float64   // what weight decay has left of a gradient of the first step
}

func newLogitGradients(s nets.Start) *logitGradients {
	k := s.Model.Arch().Classes
	return &logitGradients{k, s.Config.Momentum, s.Config.WeightDecay, make([]float64, s.Data.Len()*k), 1}
}

func (l *logitGradients) add(s nets.Step) {
	eta := s.LR / (1 - l.momentum)
	// A step moves parameters after it has decayed them. The sums are kept over
	// the scale, so that a step touches its batch alone.
	if l.scale *= 1 - l.decay*eta; l.scale < 1e-30 {
		for i := range l.sum {
			l.sum[i] *= l.scale
		}
		l.scale = 1
	}
	for j, i := range s.Batch {
		for c := range l.classes {
			l.sum[i*l.classes+c] += eta / l.scale * s.LogitGrad.At(j*l.classes+c)
		}
	}
}

func (l *logitGradients) tensor() *graph.Tensor {
	t := graph.NewTensor(graph.Float32, len(l.sum)/l.classes, l.classes)
	for i, v := range l.sum {
		t.Set(i, v*l.scale)
	}
	return t
}

// LogitGradients returns α [n, Classes], see the policy of that name, and the
// bytes read. It must not be changed. The error wraps ErrNoLogitGradients if
// they were not kept.
func (r *Record) LogitGradients() (alpha *graph.Tensor, read int64, err error) {
	alpha, err = r.store.getLogitGradients()
	if err != nil {
		return nil, 0, err
	}
	if alpha == nil {
		return nil, 0, fmt.Errorf("history: %w; the record's policy was %s, record with history.LogitGradients", ErrNoLogitGradients, r.policy)
	}
	return alpha, int64(alpha.Len() * alpha.DType().Bytes()), nil
}
