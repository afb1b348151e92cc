package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// references are the rows that an Experiment knows beside the methods of
// package unlearning.
var references = []string{"before", "retrain", "retrain-other-seed", "fast-retrain", "fast-retrain:SHARE"}

// Methods lists the names that an Experiment knows. "fast-retrain" costs what
// mini costs in the same cell; "fast-retrain:0.1" a tenth of retraining. The
// others are those of unlearning.ByName.
func Methods() []string {
	names := slices.Clone(references)
	for _, n := range unlearning.Names() {
		if n != "retrain" {
			names = append(names, n)
		}
	}
	return names
}

// checkMethods reports the first name that cannot be run.
func checkMethods(names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("bench: no methods; name some of %s", strings.Join(Methods(), ", "))
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("bench: method %q is named twice", name)
		}
		seen[name] = true
	}
	for _, name := range names {
		switch kind, arg, has := strings.Cut(name, ":"); {
		case kind == "fast-retrain" && has:
			if _, err := share(arg); err != nil {
				return fmt.Errorf("bench: method %q: %w", name, err)
			}
		case kind == "fast-retrain" && !seen["mini"]:
			return fmt.Errorf("bench: fast-retrain spends what mini spends, and mini is not among the methods; add mini, or name a share of retraining's cost as in fast-retrain:0.2")
		case slices.Contains(references, name):
		default:
			if _, err := unlearning.ByName(name); errors.Is(err, unlearning.ErrUnknownMethod) {
				return fmt.Errorf("bench: unknown method %q; known are %s", name, strings.Join(Methods(), ", "))
			} else if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
		}
	}
	return nil
}

func share(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= 10) {
		return 0, fmt.Errorf("%q is not a share of retraining's cost, above 0 and up to 10", s)
	}
	return v, nil
}

// recorders returns a recorder for every method of those names that needs a
// history. Each has one of its own kind, so that it is charged with what it
// needs and not with what others do.
func recorders(names []string, model *nets.Model, train *data.Dataset, cfg nets.Config) (map[string]*history.Recorder, []nets.Hook) {
	of, byPolicy := map[string]*history.Recorder{}, map[string]*history.Recorder{}
	var hooks []nets.Hook
	for _, name := range names {
		m, err := unlearning.ByName(name)
		if err != nil { // a reference
			continue
		}
		p, ok := unlearning.Policy(model, train, cfg, m)
		if !ok {
			continue
		}
		if byPolicy[p.String()] == nil {
			byPolicy[p.String()] = history.NewRecorder(p)
			hooks = append(hooks, byPolicy[p.String()])
		}
		of[name] = byPolicy[p.String()]
	}
	return of, hooks
}

// row runs and measures the method of that name. Mini's result is kept, since
// others are compared with its cost.
func (r *Reference) row(ctx context.Context, name string, records map[string]*history.Record, mini **unlearning.Result) (Result, error) {
	kind, arg, _ := strings.Cut(name, ":")
	if (name == "mini" || name == "fast-retrain") && *mini == nil {
		p := r.problem
		p.History = records["mini"]
		res, err := unlearning.Mini{}.Unlearn(ctx, p)
		if err != nil {
			return Result{}, fmt.Errorf("bench: %w", err)
		}
		*mini = res
	}
	switch {
	case name == "before":
		return r.Measure(ctx, r.Before())
	case name == "mini":
		return r.Measure(ctx, *mini)
	case name == "retrain":
		return r.Measure(ctx, r.Retrained())
	case name == "retrain-other-seed":
		res, err := r.OtherSeed(ctx)
		if err != nil {
			return Result{}, err
		}
		return r.Measure(ctx, res)
	case name == "fast-retrain":
		return r.fastRow(ctx, name, (*mini).GradEvals)
	case kind != "fast-retrain":
		return r.methodRow(ctx, name, records[name])
	}
	s, err := share(arg)
	if err != nil {
		return Result{}, err
	}
	return r.fastRow(ctx, name, s*r.shared.RetrainGradEvals)
}

// methodRow runs a method of package unlearning.
func (r *Reference) methodRow(ctx context.Context, name string, record *history.Record) (Result, error) {
	m, err := unlearning.ByName(name)
	if err != nil {
		return Result{}, fmt.Errorf("bench: %w", err)
	}
	p := r.problem
	p.History = record
	res, err := m.Unlearn(ctx, p)
	if err != nil {
		return Result{}, fmt.Errorf("bench: %w", err)
	}
	row, err := r.Measure(ctx, res)
	row.Method = name
	return row, err
}
