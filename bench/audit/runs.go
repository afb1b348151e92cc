package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// keeper returns what keeps trained runs in the audit's folder, for methods that it
// gets later, or what keeps none. The folder as a whole is one revision's, so that what
// another build of that revision has trained is taken.
func (p *plan) keeper() bench.Keeper {
	if p.KeepRuns <= 0 {
		return bench.NoKeeper
	}
	return &grid.Cache{Dir: filepath.Join(p.Dir, "runs"), Limit: p.KeepRuns, Stay: true, AnyBuild: true, Say: p.Say}
}

// each calls do for models 0 … n−1, up to Workers at a time, and done for each in
// their order. The first error in that order stops what was begun behind it, and is
// returned when that has ended.
func (p *plan) each(ctx context.Context, n int, do func(ctx context.Context, i int) error, done func(i int)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, n)
	var all iter.Seq[int] = func(yield func(int) bool) {
		for i := range n {
			if ctx.Err() != nil || !yield(i) {
				return
			}
		}
	}
	for i := range parallel.Ordered(all, min(p.Workers, n), func(_, i int) { errs[i] = do(ctx, i) }) {
		if errs[i] != nil {
			stop() // before the loop waits for what was begun behind it
			return errs[i]
		}
		done(i)
	}
	return ctx.Err()
}

// base trains a model, or takes it from the keeper, on one core: many models at a time
// use all.
func (p *plan) base(ctx context.Context, keeper bench.Keeper, ds *data.Dataset, seed uint64) (*nets.Run, []*history.Record, error) {
	c := p.Train
	c.Seed = seed
	if _, ok := c.Engine.(*graph.Walker); ok || c.Engine == nil {
		c.Engine = &graph.Walker{}
	}
	model, err := nets.NewModel(p.Arch, c.Engine, c.DType)
	if err != nil {
		return nil, nil, err
	}
	return keeper.Train(ctx, model, ds, c, p.policies)
}

// forgetting makes the variants of a model from the given one on, 0 being the model
// before, and hands each to see. A method that refuses, since it would do harm, leaves the
// model as it was.
func (p *plan) forgetting(ctx context.Context, run *nets.Run, records []*history.Record, forget data.ForgetSet, from int, see func(name string, w *graph.Tensor) error) error {
	if from == 0 {
		if err := see(Before, run.Params); err != nil {
			return err
		}
	}
	problem := unlearning.Problem{Run: run, Forget: forget}
	subjects := append([]Subject{{Name: Retrained, Method: unlearning.Retrain{}}, {Name: Reference, Method: OtherSeed{}}}, p.Methods...)
	for i, s := range subjects {
		if i+1 < from {
			continue
		}
		problem.History = nil
		if k := i - (fixed - 1); k >= 0 && p.recordOf[k] >= 0 {
			problem.History = records[p.recordOf[k]]
		}
		var w *graph.Tensor
		switch res, err := unlearning.Solve(ctx, s.Method, problem); {
		case err == nil:
			w = res.Params
		case errors.As(err, new(*unlearning.HarmError)):
			// Who asked has the model that there was, until it is trained again.
			w = run.Params
		default:
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := see(s.Name, w); err != nil {
			return err
		}
	}
	return nil
}
