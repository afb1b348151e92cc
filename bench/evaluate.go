package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Evaluate measures results of one request and puts them between the rows that
// they are to be read against: before above, retrain, retrain-other-seed and
// fast-retrain below. It trains eight times: as replayed, with five other
// seeds for ē and a sixth for the row, and, at equal cost to mini's result (or
// to the first, without mini), from scratch.
//
// The test data come in here and not with the problem because no method may
// see them. An empty forget set is an error: there is nothing to measure.
func Evaluate(ctx context.Context, p unlearning.Problem, test *data.Dataset, results ...*unlearning.Result) (*Table, error) {
	if len(results) == 0 {
		return nil, errors.New("bench: no results to evaluate")
	}
	equal := results[0]
	for i, res := range results {
		if res == nil || res.Params == nil {
			return nil, fmt.Errorf("bench: result %d holds no parameters", i)
		}
		if res.Method == (unlearning.Mini{}).Name() {
			equal = res
		}
	}
	r, err := NewReference(ctx, p, test, nil)
	if err != nil {
		return nil, err
	}
	other, err := r.OtherSeed(ctx)
	if err != nil {
		return nil, err
	}
	all := append([]*unlearning.Result{r.Before()}, results...)
	all = append(all, r.Retrained(), other)
	t := &Table{}
	for _, res := range all {
		row, err := r.Measure(ctx, res)
		if err != nil {
			return nil, err
		}
		t.Results = append(t.Results, row)
	}
	fast, err := r.fastRow(ctx, "fast-retrain", equal.GradEvals)
	if err != nil {
		return nil, err
	}
	t.Results = append(t.Results, fast)
	return t, nil
}

// fastRow retrains for evals gradient evaluations and measures the outcome.
// Where they do not pay for one step there is no such model, and the row says
// so.
func (r *Reference) fastRow(ctx context.Context, name string, evals float64) (Result, error) {
	res, err := r.FastRetrain(ctx, evals)
	if errors.Is(err, unlearning.ErrBudget) {
		return r.shared.failed(name, err), nil
	}
	if err != nil {
		return Result{}, err
	}
	named := *res
	named.Method = name
	return r.Measure(ctx, &named)
}
