// Large trains logistic regression on a table of the size of HIGGS, records the
// run and forgets one row in a hundred, and says how much memory of its own that
// took: features are in a mapped file, so less than 1 GiB.
//
//	go run ./data/generate -n 11000000 -out HIGGS.csv higgs-like
//	go run ./examples/large 'csv:HIGGS.csv?label=1&header=no&test=0.05'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: large SPEC, such as 'csv:HIGGS.csv?label=1&header=no'")
		os.Exit(2)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(700 << 20) // garbage is collected before it is as much as the data
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "large:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, spec string) error {
	peak := watch(ctx)
	start := time.Now()
	stage := func(format string, a ...any) {
		fmt.Fprintf(out, "%7.1fs  %5d MiB of its own at most  %s\n", time.Since(start).Seconds(), peak()>>20, fmt.Sprintf(format, a...))
	}
	ds, err := data.Open(ctx, spec)
	if err != nil {
		return err
	}
	stage("opened %d rows of %d features to train on, %d to test", ds.Train.Len(), ds.Train.Features(), ds.Test.Len())
	model, err := nets.NewModel(nets.Logistic(ds.Train.Features(), ds.Train.Classes), nil, graph.Float32)
	if err != nil {
		return err
	}
	cfg := nets.Config{Epochs: 2, Batch: 16384, LR: nets.Cosine(0.5), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1}
	method := unlearning.Mini{}
	// What the method asks for, and the logit gradients, which an mlp would need.
	rec := history.NewRecorder(history.LogitGradients().And(method.History(unlearning.Plan{Model: model, Data: ds.Train, Config: cfg})))
	cfg.Hooks = []nets.Hook{rec}
	trained, err := model.Train(ctx, ds.Train, cfg)
	if err != nil {
		return err
	}
	stage("trained and recorded %d steps", trained.Steps)
	before, err := accuracy(ctx, trained.Classifier(), ds.Test)
	if err != nil {
		return err
	}
	p := unlearning.Problem{Run: trained, Forget: data.RandomForget(ds.Train, 0.01, 7), History: rec.Record()}
	res, err := method.Unlearn(ctx, p)
	if err != nil {
		return err
	}
	after, err := accuracy(ctx, nets.Classifier{Model: trained.Model, Params: res.Params}, ds.Test)
	if err != nil {
		return err
	}
	stage("forgot %d rows at %.1f%% of the run's gradient evaluations; test accuracy %.2f%%, before %.2f%%", p.Forget.Len(), 100*res.GradEvals/trained.GradEvals, after, before)
	if peak() > 1<<30 {
		return errors.New("more than 1 GiB of memory of its own")
	}
	return nil
}

// accuracy is measured in pieces, so that not all logits are in memory at once.
func accuracy(ctx context.Context, c nets.Classifier, ds *data.Dataset) (float64, error) {
	const piece = 1 << 18
	right, f := 0.0, ds.Features()
	for lo := 0; lo < ds.Len(); lo += piece {
		hi := min(lo+piece, ds.Len())
		part := &data.Dataset{Name: ds.Name, X: ds.X[lo*f : hi*f], Y: ds.Y[lo:hi], Shape: ds.Shape, Classes: ds.Classes}
		percent, err := c.Accuracy(ctx, part)
		if err != nil {
			return 0, err
		}
		right += percent * float64(hi-lo)
	}
	return right / float64(ds.Len()), nil
}

// watch looks at the process's anonymous memory ten times a second until ctx
// ends, and returns the most that it has seen; 0 where the system does not say.
func watch(ctx context.Context) (peak func() int64) {
	var most atomic.Int64
	look := func() {
		if now := anonymous(); now > most.Load() {
			most.Store(now)
		}
	}
	go func() {
		for ctx.Err() == nil {
			look()
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return func() int64 { look(); return most.Load() }
}

// anonymous reads RssAnon of Linux's /proc/self/status.
func anonymous() int64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kB int64
	for line := range strings.Lines(string(raw)) {
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kB); err == nil {
			return kB << 10
		}
	}
	return 0
}
