package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func init() {
	for _, m := range []unlearning.Method{NoOp{}, Relabel{}} {
		unlearning.Register(m.Name(), "", func(string) (unlearning.Method, error) { return m, nil })
	}
}

// NoOp is the method that does nothing. An audit must find it under-unlearned.
type NoOp struct{}

// Name implements unlearning.Method.
func (NoOp) Name() string { return "no-op" }

// History implements unlearning.Method: no record is needed.
func (NoOp) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (NoOp) Unlearn(_ context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if err := check("no-op", p); err != nil {
		return nil, err
	}
	return &unlearning.Result{Method: "no-op", Params: p.Run.Params.Clone()}, nil
}

// OtherSeed retrains with initial parameters and an order that belong to no
// other model of the audit: a perfect method that shares nothing with the
// retrained models but the distribution. An audit must pass it, but for the
// error probability of its level.
type OtherSeed struct{}

// Name implements unlearning.Method.
func (OtherSeed) Name() string { return "retrain-other-seed" }

// History implements unlearning.Method: no record is needed.
func (OtherSeed) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (o OtherSeed) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if err := check(o.Name(), p); err != nil {
		return nil, err
	}
	return unlearning.Retrain{Other: 1}.Unlearn(ctx, p)
}

// Relabel trains on from the trained parameters with the label of each
// forgotten example replaced by the next class, and the others as they are:
// over-unlearning. The model is as good as ever on unseen examples, and the
// forgotten ones stand out by being answered wrongly. An audit must find that.
type Relabel struct {
	Epochs int // of the run's own schedule; 0 means 10
}

// Name implements unlearning.Method.
func (Relabel) Name() string { return "relabel" }

// History implements unlearning.Method: no record is needed.
func (Relabel) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (r Relabel) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if err := check(r.Name(), p); err != nil {
		return nil, err
	}
	wrong := *p.Run.Data
	wrong.Y = slices.Clone(wrong.Y)
	for i := range p.Forget.All() {
		wrong.Y[i] = (wrong.Y[i] + 1) % int32(wrong.Classes)
	}
	c := p.Run.Config
	c.Epochs, c.Steps, c.From, c.Hooks, c.Logger = cmp.Or(r.Epochs, 10), 0, p.Run.Params, nil, nil
	run, err := p.Run.Model.Clone().Train(ctx, &wrong, c)
	if err != nil {
		return nil, fmt.Errorf("audit: %s: %w", r.Name(), err)
	}
	return &unlearning.Result{Method: r.Name(), Params: run.Params, GradEvals: run.GradEvals}, nil
}

// check refuses what no control can work on.
func check(name string, p unlearning.Problem) error {
	if p.Run == nil || p.Run.Params == nil {
		return fmt.Errorf("audit: %s: %w", name, errors.New("the problem has no finished run"))
	}
	if p.Forget.Len() == 0 {
		return fmt.Errorf("audit: %s: the forget set is empty", name)
	}
	if err := p.Forget.Validate(p.Run.Data.Len()); err != nil {
		return fmt.Errorf("audit: %s: %w", name, err)
	}
	return nil
}
