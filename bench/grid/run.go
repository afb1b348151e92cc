package grid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Options say how to run a plan.
type Options struct {
	Folder Folder // where finished cells are kept; "" keeps none
	Cache  *Cache // nil keeps nothing but cells
	Shard  Shard  // the part to run
	// Engines compute, one request at a time on each; all have one name. With
	// several, times are left out.
	Engines []graph.Engine
	// Fresh computes every cell of the shard, also those that are there; Retry only
	// those that could not run.
	Fresh, Retry bool
	// Reuse says which cells of other builds of the program are taken for those that
	// would be computed. The cache has a Reuse of its own.
	Reuse Reuse
	// Hooks returns hooks that watch the training of a base run, if it is trained: by a
	// name that tells it from others.
	Hooks func(run string) []nets.Hook
	// Logger is told of every epoch of a base run; nil is silent.
	Logger *slog.Logger
	// Known, if not nil, is told of every cell of the plan that is there, by its place
	// in the plan: of those that were before the work begins, and of each that is
	// computed as soon as it is kept. An error ends the run. Calls come one at a time.
	Known func(i int, row bench.Row) error
	// Progress, if not nil, is told what happens; calls come one at a time.
	Progress func(Event)
	// Say, if not nil, is told what went wrong and was mended.
	Say func(string)
}

// Event is a piece of progress.
type Event struct {
	// Text says what a worker begins.
	Text string
	// Done counts cells of the shard that are there, and Failed those of them that
	// could not run; Computed counts those of Done that this call has made, and
	// Total all of the shard.
	Done, Failed, Computed, Total int
}

// Outcome is what a plan has come to.
type Outcome struct {
	// Rows are the rows of the whole grid in its order, nil where there is none yet.
	Rows []*bench.Row
	// Computed counts the cells that this call has made.
	Computed int
	// Lost are those of them, by their place in the grid, that could not be kept:
	// they are nowhere but in Rows.
	Lost []int
}

// Missing returns the number of cells that are not there.
func (o *Outcome) Missing() (n int) {
	for _, r := range o.Rows {
		if r == nil {
			n++
		}
	}
	return n
}

// Failed returns the number of cells that could not run.
func (o *Outcome) Failed() (n int) {
	for _, r := range o.Rows {
		if r != nil && r.Error != "" {
			n++
		}
	}
	return n
}

// Results returns the results that are there, in the order of the grid.
func (o *Outcome) Results() (all []bench.Result) {
	for _, r := range o.Rows {
		if r != nil {
			all = append(all, r.Result)
		}
	}
	return all
}

// State returns what there is of the plan's cells, and computes nothing.
func (p *Plan) State(o Options) (*Outcome, error) {
	r, err := p.runner(o)
	if err != nil {
		return nil, err
	}
	return r.outcome, r.state()
}

// Run computes the cells of the shard that are not there. Each is kept as soon as
// it is known. When ctx ends, Run ends as soon as the cells being written are
// whole, with what there is and an error that wraps ctx's; what was computed and
// could not be kept is in the outcome as well.
func (p *Plan) Run(ctx context.Context, o Options) (*Outcome, error) {
	if len(o.Engines) == 0 {
		return nil, errors.New("grid: no engine to compute on")
	}
	r, err := p.runner(o)
	if err != nil {
		return nil, err
	}
	if err := r.state(); err != nil {
		return r.outcome, err
	}
	todo, err := r.todo()
	if err != nil || len(todo) == 0 {
		return r.outcome, err
	}
	if err := r.room(todo); err != nil {
		return r.outcome, err
	}
	r.tell("")
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan work)
	var wg sync.WaitGroup
	for _, engine := range o.Engines {
		wg.Go(func() {
			for w := range next {
				if err := r.request(ctx, w, engine); err != nil {
					stop(err)
				}
			}
		})
	}
	for _, w := range todo {
		if ctx.Err() != nil {
			break
		}
		next <- w
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return r.outcome, fmt.Errorf("grid: %w", context.Cause(ctx))
	}
	return r.outcome, nil
}
