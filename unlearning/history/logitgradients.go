package history

import (
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

const logitGradientsName = "logit-gradients"

// LogitGradients keeps no steps. It keeps, for every example i, the gradient of
// the loss in its own logits z_i, summed over the example's visits in learning
// time:
//
//	α_i = Σ_{t: i∈B_t} η_t/(1−β) · ∂L_t/∂z_i · Π_{s>t} (1 − λη_s/(1−β)) e^(−ρη_s/Ση),
//
// with L_t the mean loss of the batch, what weight decay has taken off since, and
// the recency ρ, defaults.Recency: what an example taught early others have taught
// again. Every gradient of the run is Σ_i (∂z_i/∂w)ᵀ ∂L_t/∂z_i, so these n·K
// numbers are what is left of the gradients once each example's Jacobian,
// which can be computed again, is divided out. Without recency
//
//	w_T ≈ Π(1 − λη/(1−β)) w_0 − Σ_i (∂z_i/∂w)ᵀ α_i
//
// as far as the Jacobian keeps still. They are the representer values of Yeh et
// al. (NeurIPS 2018), summed along the run instead of taken at its end.
func LogitGradients() Policy { return Policy{logitGradients: true} }

// logitGradients sums the logit gradients of a run.
type logitGradients struct {
	classes int
	fade    fade
	sum     []float64 // [n, K], over scale
	scale   float64   // what is left of a gradient of the first step
	fetched float64   // of no meaning: it keeps fetch from being left out
}

func newLogitGradients(n, classes int, f fade) *logitGradients {
	return &logitGradients{classes: classes, fade: f, sum: make([]float64, n*classes), scale: 1}
}

// fade says how much a logit gradient counts for at the end of a run.
type fade struct{ momentum, decay, recency float64 } // recency over Σ η, as decay over 1/η

// fadeOf returns that of a run of so many steps.
func fadeOf(cfg nets.Config, steps int) fade {
	f := fade{momentum: cfg.Momentum, decay: cfg.WeightDecay}
	if total := nets.LearningTime(cfg.LR, 0, steps); total > 0 {
		f.recency = defaults.Recency / total
	}
	return f
}

// left returns what a step of this learning rate leaves of the logit gradients of
// earlier ones.
func (f fade) left(eta float64) float64 {
	return (1 - f.decay*eta/(1-f.momentum)) * math.Exp(-f.recency*eta)
}

// LogitTimes returns the learning time that the logit gradients of each example count
// for, [n]: Σ η_t/(1−β)/|B_t| over its visits, times what the end of the run leaves of
// each. An example that always gave probability 1−a to its label has |α_i|₁ = 2a times
// that. Those that were not visited have 0.
func LogitTimes(run *nets.Run) []float64 {
	times, weight := make([]float64, run.Order.Len()), stepWeights(run, run.Order)
	for t, batch := range run.Order.Steps(0, run.Steps) {
		for _, i := range batch {
			times[i] += weight[t] / (1 - run.Config.Momentum) / float64(len(batch))
		}
	}
	return times
}

func (l *logitGradients) add(s nets.Step) {
	eta := s.LR / (1 - l.fade.momentum)
	// A step moves parameters after it has decayed them. The sums are kept over
	// the scale, so that a step touches its batch alone.
	if l.scale *= l.fade.left(s.LR); l.scale < 1e-30 {
		for i := range l.sum {
			l.sum[i] *= l.scale
		}
		l.scale = 1
	}
	l.fetch(s.Batch)
	by := eta / l.scale
	f32, f64 := s.LogitGrad.Float32s(), s.LogitGrad.Float64s()
	for j, i := range s.Batch {
		own := l.sum[i*l.classes : (i+1)*l.classes]
		if f32 != nil {
			for c, v := range f32[j*l.classes:][:len(own)] {
				own[c] += by * float64(v)
			}
			continue
		}
		for c, v := range f64[j*l.classes:][:len(own)] {
			own[c] += by * v
		}
	}
}

// fetch reads from the sums of each example of a batch. They lie far from one another in memory
// that a step of training has driven from the caches: additions that wait for one after
// another take two to three times as long as reading some of all at once before.
func (l *logitGradients) fetch(batch []int) {
	var all float64
	for _, i := range batch {
		own := l.sum[i*l.classes:][:l.classes]
		all += own[0] + own[len(own)-1]
	}
	l.fetched = all
}

// shape is [n, K].
func (l *logitGradients) shape() []int { return []int{len(l.sum) / l.classes, l.classes} }

// numbers calls f with the sums, some at a time and in one buffer.
func (l *logitGradients) numbers(f func(*graph.Tensor) error) error {
	buf := make([]float32, min(chunk, len(l.sum)))
	for part := range slices.Chunk(l.sum, len(buf)) {
		for i, v := range part {
			buf[i] = float32(v * l.scale)
		}
		if err := f(graph.FromSlice(buf[:len(part)])); err != nil {
			return err
		}
	}
	return nil
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

// Their file in a folder.
const (
	logitGradientsFile   = "logit-gradients.safetensors"
	logitGradientsTensor = "logit_gradients"
)

func (s *folder) putLogitGradients(shape []int, numbers func(func(*graph.Tensor) error) error) error {
	f, err := writeArrays(s.dir, logitGradientsFile, array{logitGradientsTensor, graph.Float32, shape, numbers})
	if err != nil {
		return fmt.Errorf("history: logit gradients: %w", err)
	}
	s.ending = append(s.ending, entry{Kind: kindLogitGradients, File: &f})
	return nil
}

func (s *folder) getLogitGradients() (t *graph.Tensor, err error) {
	e := s.m.last(kindLogitGradients)
	if e == nil {
		return nil, nil
	}
	shape := []int{s.head.Run.Order.Len(), s.head.Config.Classes}
	err = readArrays(s.dir, *e.File, []array{{logitGradientsTensor, graph.Float32, shape, func(f func(*graph.Tensor) error) error { return f(t) }}},
		func() { t = graph.NewTensor(graph.Float32, shape...) })
	if err != nil {
		return nil, s.damaged(*e.File, err)
	}
	return t, nil
}
