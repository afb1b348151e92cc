package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Hook watches a training run. An error from a method ends the run, but one at
// the last step or after it, when there is nothing left to end: the run is then
// finished, the other hooks see its end, and Train returns it with the error.
type Hook interface {
	// OnStart is called before the first step.
	OnStart(s Start) error
	// OnStep is called after the gradient of a step is known and before the
	// parameters move.
	OnStep(s Step) error
	// OnEnd is called after the last step of a run that was not interrupted,
	// unless the hook has failed at that step.
	OnEnd(r *Run) error
}

// Stopper is a Hook that holds something which it has to give back, such as a
// lock, however the run goes.
type Stopper interface {
	Hook
	// OnStop is called once for every hook whose OnStart was called, also if that
	// failed: after OnEnd, or when the run has ended without.
	OnStop()
}

// HookError says that a hook failed, and when.
type HookError struct {
	// Step is the step at which it failed, −1 before the first, and the number of
	// steps of the run after the last.
	Step int
	Err  error
}

// Error implements error.
func (e *HookError) Error() string {
	return fmt.Sprintf("nets: a hook failed at step %d: %v", e.Step, e.Err)
}

// Unwrap returns the hook's own error.
func (e *HookError) Unwrap() error { return e.Err }

// Start describes the run that is about to begin.
type Start struct {
	Model *Model
	Data  *data.Dataset
	Order data.Order
	Steps int // T
	// From is the first step that will be shown: 0, unless the run is resumed.
	From int
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
	// Tally is what the run has counted before the step.
	Tally Tally
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
