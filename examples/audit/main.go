// Audit asks of four unlearning methods whether anybody could tell their models from
// models that were retrained without the forgotten examples. For three of them the
// answer is known beforehand: doing nothing, overdoing it and forgetting but nine
// tenths must be caught, and retraining itself must not. That is how an audit earns
// the trust to judge the fourth.
//
//	go run ./examples/audit [FLAGS] [FOLDER]
//
// It takes half a minute, needs no data, and leaves its reports in FOLDER, by
// default audit.out. Interrupt it, and the next run goes on where it was. The flags
// -engine and -device are for other engines; see docs/gpu.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	"github.com/miniunlearn/miniunlearn/bench/audit/leaks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

func main() {
	var choice graph.Choice
	choice.Flags(flag.CommandLine)
	flag.Parse()
	folder := "audit.out"
	if flag.NArg() == 1 {
		folder = flag.Arg(0)
	} else if flag.NArg() > 1 {
		fmt.Fprintln(os.Stderr, "usage: audit [FLAGS] [FOLDER]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, choice, folder)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, choice graph.Choice, folder string) error {
	engine, err := choice.Open()
	if err != nil {
		return err
	}

	// Something to find. A network learns few examples by heart if it has far
	// more parameters than they can fill and all the time it wants: each model
	// sees 200 digits sixty times, and has 9610 parameters.
	digits, err := data.Stratified(data.Digits().Train, 400, 1)
	if err != nil {
		return err
	}
	training := nets.Config{Epochs: 60, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1, Engine: engine}

	// The methods. The first does nothing, and the second teaches each forgotten digit
	// as another: the model then knows it too well as a stranger. The third is
	// retraining that keeps a tenth of what it should forget. The last is the method of
	// this project. Retraining itself, which must pass, is always among them.
	tenth, err := leaks.ByName("keeps-tenth")
	if err != nil {
		return err
	}
	methods := []audit.Subject{
		{Method: audit.NoOp{}},
		{Method: audit.Relabel{}},
		{Method: tenth},
		{Method: unlearning.Mini{}},
	}

	// The audit. 80 models train on random halves of the digits, and each method
	// makes each of them forget a fifth of what it learned. What an example
	// looks like when forgotten, and when never seen, attacks learn from 64 of the
	// models; the other 16 are attacked with that knowledge.
	start := time.Now()
	result, err := audit.Run(ctx, audit.Config{
		Data: digits, Arch: nets.MLP(64, 128, 10), Train: training,
		Methods: methods, Share: 0.2,
		Shadows: 64, Targets: 16, Fit: attacks.Shrunk,
		Dir: filepath.Join(folder, "signals"),
	})
	if err != nil {
		return err
	}

	// The answer. Before and retrained come first: if the audit did not catch
	// the one and pass the other, it could say nothing about the rest.
	fmt.Fprintln(out, result)

	// The evidence. Beside the tables there is a report on each method, with
	// the scores behind it and figures to look at.
	if err := result.Save(folder); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Took %.0f s. The reports are in %s: results.json, table.md, and in a folder for each\nmethod report.md, report.json, scores.csv, roc.png and histogram.png.\n",
		time.Since(start).Seconds(), folder)
	return err
}
