package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Before is the method that leaves the trained model as it is: the row to
// compare all others with. Its name is "before".
type Before struct{}

func init() {
	unlearning.Register("before", "", func(string) (unlearning.Method, error) { return Before{}, nil })
}

// Name implements unlearning.Method.
func (Before) Name() string { return "before" }

// History implements unlearning.Method: no record is needed.
func (Before) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (Before) Unlearn(_ context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if p.Run == nil || p.Run.Params == nil {
		return nil, errors.New("bench: before: the problem has no finished run")
	}
	return &unlearning.Result{Method: "before", Params: p.Run.Params.Clone()}, nil
}

// equalCost is the method whose cost others are given that name none: a
// FastRetrain without a budget spends as much.
const equalCost = "mini"

// ofEqualCost reports whether a method is such a one.
func ofEqualCost(m unlearning.Method) bool {
	fast, ok := m.(unlearning.FastRetrain)
	return ok && fast.Cost == 0 && fast.Evals == 0
}

// EqualCost returns the position of the method whose cost the method at position i
// is given, −1 if it has a cost of its own.
func (e Experiment) EqualCost(i int) int {
	if !ofEqualCost(e.Methods[i].Method) {
		return -1
	}
	return slices.IndexFunc(e.Methods, func(m unlearning.Named) bool { return m.Name == equalCost })
}

// checked returns the methods, each with a name, or says which cannot be run.
func checked(methods []unlearning.Named) ([]unlearning.Named, error) {
	if len(methods) == 0 {
		return nil, errors.New("bench: no methods; name at least one")
	}
	named := make([]unlearning.Named, len(methods))
	seen, lacking := map[string]bool{}, ""
	for i, m := range methods {
		if m.Method == nil {
			return nil, fmt.Errorf("bench: method %d, %q, is nil", i, m.Name)
		}
		if m.Name == "" {
			m.Name = m.Method.Name()
		}
		if seen[m.Name] {
			return nil, fmt.Errorf("bench: method %q is named twice", m.Name)
		}
		if ofEqualCost(m.Method) {
			lacking = m.Name
		}
		seen[m.Name], named[i] = true, m
	}
	if lacking != "" && !seen[equalCost] {
		return nil, fmt.Errorf("bench: %s spends what %s spends, and %s is not among the methods; add %[2]s, or name a share of retraining's cost as in fast-retrain:0.2", lacking, equalCost, equalCost)
	}
	return named, nil
}

// policies returns what a run has to record for the chosen methods, and for each
// method the index of its own policy, −1 for one that is not chosen.
func policies(plan unlearning.Plan, methods []unlearning.Named, chosen []bool) (all []history.Policy, of []int) {
	asking := make([]unlearning.Method, len(methods))
	for i, m := range methods {
		if chosen[i] {
			asking[i] = m.Method
		}
	}
	return unlearning.Policies(plan, asking...)
}

// alsoRecord returns the policies with one more, and its index: one that is there already
// is not recorded twice.
func alsoRecord(all []history.Policy, p history.Policy) ([]history.Policy, int) {
	same := func(q history.Policy) bool { return q.String() == p.String() }
	if i := slices.IndexFunc(all, same); i >= 0 {
		return all, i
	}
	return append(all, p), len(all)
}

// trial is an experiment whose run has been recorded.
type trial struct {
	*Reference
	methods []unlearning.Named
	records []*history.Record    // by method; nil where none is needed
	results []*unlearning.Result // by method, as far as they are known
	// Of methods that answer with several models: these, and what training them took.
	ensembles map[int]predictor
	trained   map[int]float64
}

// solve returns the result of method i, which is found once.
func (x *trial) solve(ctx context.Context, i int) (*unlearning.Result, error) {
	if x.results[i] != nil {
		return x.results[i], nil
	}
	m, p := x.methods[i].Method, x.problem
	p.History = x.records[i]
	if ofEqualCost(m) {
		for j, other := range x.methods {
			if other.Name != equalCost {
				continue
			}
			equal, err := x.solve(ctx, j)
			if err != nil {
				return nil, err
			}
			if equal.GradEvals == 0 {
				return nil, fmt.Errorf("bench: %w: %s took none", unlearning.ErrBudget, equalCost)
			}
			m = unlearning.FastRetrain{Short: m.(unlearning.FastRetrain).Short, Evals: equal.GradEvals}
		}
	}
	if several, is := m.(unlearning.Ensembler); is {
		e, res, evals, err := several.Ensemble(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		if x.ensembles == nil {
			x.ensembles, x.trained = map[int]predictor{}, map[int]float64{}
		}
		x.results[i], x.ensembles[i], x.trained[i] = res, e, evals
		return res, nil
	}
	res := x.retrained // which is at hand, but for a benchmark
	if res == nil || m != unlearning.Method(unlearning.Retrain{}) {
		var err error
		if res, err = unlearning.Solve(ctx, m, p); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	x.results[i] = res
	return res, nil
}

// row runs and measures method i.
func (x *trial) row(ctx context.Context, i int) (Row, error) {
	res, err := x.solve(ctx, i)
	if err != nil {
		return Row{}, err
	}
	row, err := x.measured(ctx, res, x.ensembles[i])
	row.Method = x.methods[i].Name
	row.TrainExtraEvals = x.trained[i]
	return row, err
}
