package nets

import (
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Hook watches a training run. An error from any method ends the run.
type Hook interface {
	// OnStart is called before the first step.
	OnStart(s Start) error
	// OnStep is called after the gradient of a step is known and before the
	// parameters move.
	OnStep(s Step) error
	// OnEnd is called after the last step of a run that was not interrupted.
	OnEnd(r *Run) error
}

// Start describes the run that is about to begin.
type Start struct {
	Model *Model
	Data  *data.Dataset
	Order data.Order
	Steps int // T
	// Config is the run's, with its defaults filled in.
	Config  Config
	Initial *graph.Tensor // w_0
}

// Step is one training step. Tensors are views that are valid, and must not be
// changed, during the call.
type Step struct {
	T     int // 0 … Steps−1
	Epoch int
	LR    float64
	Batch []int   // the examples averaged over
	View  View    // as which they were seen
	Loss  float64 // their mean loss, without weight decay
	// Params and Momentum are w_t and p_t, before the step; Grad is g_t, the
	// mean gradient without weight decay. All are [P].
	Params, Momentum, Grad *graph.Tensor
	// LogitGrad is the gradient of the mean loss in the batch's logits,
	// [len(Batch), Classes]. It comes with Grad at no cost.
	LogitGrad *graph.Tensor
}

// StepFunc makes a Hook of a function that sees every step.
type StepFunc func(Step) error

// OnStart implements Hook.
func (StepFunc) OnStart(Start) error { return nil }

// OnStep implements Hook.
func (f StepFunc) OnStep(s Step) error { return f(s) }

// OnEnd implements Hook.
func (StepFunc) OnEnd(*Run) error { return nil }
