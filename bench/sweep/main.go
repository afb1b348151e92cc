package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/miniunlearn/miniunlearn/bench/grid"
	_ "github.com/miniunlearn/miniunlearn/data/parquet"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets/track"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // the methods to compare with
	_ "github.com/miniunlearn/miniunlearn/unlearning/tune"      // the same, tuned
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if o.schema {
		fmt.Fprint(stdout, grid.Schema())
		return 0
	}
	failed, err := o.run(ctx, stdout, stderr)
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintf(stderr, "sweep: interrupted: %v\n", err)
		return 1
	case err != nil:
		fmt.Fprintf(stderr, "sweep: %v\n", err)
		return 1
	case failed > 0:
		fmt.Fprintf(stderr, "sweep: %d results have no values, because the method could not run; their field \"error\" says why\n", failed)
		return 3
	}
	return 0
}

// run does what the command line asks for, and returns the number of rows that say
// why there are no values in them.
func (o *options) run(ctx context.Context, stdout, stderr io.Writer) (failed int, err error) {
	spec, err := o.spec()
	if err != nil {
		return 0, err
	}
	shard, err := grid.ParseShard(o.shard, os.Getenv)
	if err != nil {
		return 0, err
	}
	engine, err := o.Engine.Open()
	if err != nil {
		return 0, err
	}
	plan, err := spec.Plan(ctx, grid.PlanConfig{Engine: engine, MaxCells: o.maxCells})
	if err != nil {
		return 0, err
	}
	p := newProgress(stderr, o.quiet, o.log)
	run := grid.Options{
		Folder: grid.Folder(o.cells), Shard: shard, Fresh: o.fresh, Retry: o.retry, Reuse: grid.ParseReuse(o.otherBuilds),
		Engines: []graph.Engine{engine}, Progress: p.event, Say: p.say, Hooks: trackers(o.track, track.MLflow{URL: o.mlflow, Experiment: cmp.Or(spec.Title, o.name()), Token: os.Getenv("MLFLOW_TRACKING_TOKEN")}, p.say),
	}
	if o.cache != "" {
		run.Cache = &grid.Cache{Dir: o.cache, Limit: int64(o.limit), AnyBuild: run.Reuse.Runs, Say: p.say}
	}
	if o.log {
		run.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	if o.dryRun {
		return 0, dryRun(ctx, plan, run, stdout)
	}
	dst, err := newOutput(o, plan, shard, stdout)
	if err != nil {
		return 0, err
	}
	run.Known = dst.put
	var out *grid.Outcome
	if !o.collect {
		if run.Engines, err = o.engines(plan.Requests(shard)); err != nil {
			return 0, err
		}
		if err := dst.echo(); err != nil {
			return 0, err
		}
		p.start()
		out, err = plan.Run(ctx, run)
		p.stop()
		if err != nil {
			return 0, fmt.Errorf("%w; %s", err, dst.rescue(out))
		}
	}
	if o.collect || out.Missing() > 0 && o.cells != "" { // others may have done the rest
		if out, err = dst.read(run); err != nil {
			return 0, err
		}
	}
	return out.Failed(), dst.finish(out)
}

// engines returns one for each worker, at most n, who share the cores. The threads of
// libtorch are the environment's choice, since its bits depend on them.
func (o *options) engines(n int) ([]graph.Engine, error) {
	engines := make([]graph.Engine, max(1, min(o.workers, n)))
	for i := range engines {
		e, err := o.Engine.Open()
		if err != nil {
			return nil, err
		}
		if _, ok := e.(*graph.Walker); ok {
			e = graph.NewWalker(max(1, runtime.GOMAXPROCS(0)/len(engines)))
		}
		engines[i] = e
	}
	return engines, nil
}
