package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// floorSeeds is the number of retrainings with other seeds behind ē, the
// margin excess that retraining leaves.
const floorSeeds = 5

// otherSeed is the number of the retraining with another seed that is a row of its
// own: "retrain-other-seed". Those after it are for ē, so that the row is not part
// of what it is compared with.
const otherSeed = 1

// Reference judges the results of one request to forget. It holds what no
// method may see: test data and retrained models. Evaluation has a Model of
// its own, so that it never counts as work of a method. A Reference is for one
// goroutine.
type Reference struct {
	problem       unlearning.Problem
	model         *nets.Model
	test          *data.Dataset
	forgot, kept  []int // positions in the training set
	unseen        []int // positions in the test set
	made          *Retrained
	retrained     *unlearning.Result
	train, onTest answers   // of the replayed retrained model
	before        float64   // margin excess
	backdoor      *backdoor // nil where nothing was poisoned
	shared        Result
}

// NewReference retrains once as replayed and five times with other seeds. Test
// data must be such as the run was trained on; progress, if not nil, is told
// what is going on.
func NewReference(ctx context.Context, p unlearning.Problem, test *data.Dataset, progress func(string)) (*Reference, error) {
	if progress == nil {
		progress = func(string) {}
	}
	return newReference(ctx, p, test, progress, nothing{})
}

// newReference takes what is kept and keeps what it makes.
func newReference(ctx context.Context, p unlearning.Problem, test *data.Dataset, progress func(string), keeper Keeper) (*Reference, error) {
	switch {
	case p.Run == nil || p.Run.Params == nil:
		return nil, errors.New("bench: the problem has no finished run")
	case test == nil || test.Len() == 0:
		return nil, errors.New("bench: no test data; give the test part of the data set")
	}
	if err := test.Validate(); err != nil {
		return nil, fmt.Errorf("bench: test data: %w", err)
	}
	if err := p.Run.Model.Arch().Fits(test); err != nil {
		return nil, fmt.Errorf("bench: test data: %w", err)
	}
	if err := p.Forget.Validate(p.Run.Data.Len()); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	r := &Reference{problem: p, test: test, forgot: p.Forget.Positions(), kept: p.Forget.Retained(p.Run.Data.Len()), shared: describe(p.Run.Data, p.Run.Model, p.Run.Config, float64(p.Run.Steps)/float64(p.Run.Order.StepsPerEpoch()), p.Forget)}
	var err error
	if r.unseen, err = Unseen(p.Run.Data, p.Forget, test, p.Run.Config.Seed); err != nil {
		return nil, err
	}
	if r.model, err = nets.NewModel(p.Run.Model.Arch(), p.Run.Model.Engine(), p.Run.Model.DType()); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if r.made = keeper.Retrained(p, test); r.made == nil {
		r.made = &Retrained{}
	}
	if err := r.retrain(ctx, progress, func(made *Retrained) { keeper.KeepRetrained(p, test, made) }); err != nil {
		return nil, err
	}
	r.retrained = &unlearning.Result{Method: goalRow, Params: r.made.Params, GradEvals: r.made.GradEvals}
	if r.made.Seconds.Exists() {
		r.retrained.Elapsed = time.Duration(float64(r.made.Seconds) * float64(time.Second))
	}
	r.shared.RetrainGradEvals, r.shared.RetrainSeconds = unlearning.RetrainCost(p), r.made.Seconds
	if r.train, r.onTest, err = r.ask(ctx, r.at(r.made.Params)); err != nil {
		return nil, err
	}
	if r.backdoor, err = backdoorOf(p, test); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if r.before, err = r.excess(ctx, p.Run.Params); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reference) retrainOther(ctx context.Context, k uint64) (*unlearning.Result, error) {
	res, err := unlearning.Retrain{Other: k}.Unlearn(ctx, r.problem)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return res, nil
}

// Before returns the trained model as if a method had left it alone.
func (r *Reference) Before() *unlearning.Result {
	return &unlearning.Result{Method: "before", Params: r.problem.Run.Params}
}

// Retrained returns the replayed retrained model.
func (r *Reference) Retrained() *unlearning.Result { return r.retrained }

// OtherSeed retrains with a seed that is neither the run's nor one of the five
// that make ē.
func (r *Reference) OtherSeed(ctx context.Context) (*unlearning.Result, error) {
	return r.retrainOther(ctx, otherSeed)
}

// FastRetrain trains from fresh parameters for a number of gradient
// evaluations, with the schedule of Mini for networks.
func (r *Reference) FastRetrain(ctx context.Context, evals float64) (*unlearning.Result, error) {
	if evals == 0 { // FastRetrain would take it for its default
		return nil, fmt.Errorf("bench: fast-retrain: %w: no gradient evaluations", unlearning.ErrBudget)
	}
	res, err := unlearning.FastRetrain{Evals: evals}.Unlearn(ctx, r.problem)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return res, nil
}

// at returns the model at some parameters.
func (r *Reference) at(w *graph.Tensor) predictor { return nets.Classifier{Model: r.model, Params: w} }

// ask returns a model's answers on the training and the test set.
func (r *Reference) ask(ctx context.Context, c predictor) (train, test answers, err error) {
	classes := r.model.Arch().Classes
	if train, err = ask(ctx, c, r.problem.Run.Data, classes); err == nil {
		test, err = ask(ctx, c, r.test, classes)
	}
	return train, test, err
}
