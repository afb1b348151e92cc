// Quickstart trains a network on handwritten digits, makes it forget a fifth
// of them, and shows what is left of those beside a network that never saw
// them. It needs no data:
//
//	go run ./examples/quickstart
//
// The flags -engine and -device are for other engines; see docs/gpu.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// results is where the table goes as JSON Lines.
const results = "quickstart.jsonl"

func run(ctx context.Context, out io.Writer, args []string) error {
	var choice graph.Choice
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	choice.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	engine, err := choice.Open()
	if err != nil {
		return err
	}

	// Train. The recorder is a hook that keeps a small part of what training
	// computes anyway: here, ten numbers for each example.
	ds := data.Digits()
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(ctx, nets.MLP(64, 128, 10), ds.Train, nets.Config{
		Epochs: 40, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
		Engine: engine, Hooks: []nets.Hook{rec, nets.Progress("training")},
	})
	if err != nil {
		return err
	}

	// Forget. U is a random fifth of the training examples. The method sees
	// the run, U and the record: no test data, no retrained model.
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds.Train, 0.2, 7), History: rec.Record()}
	res, err := unlearning.Mini{}.Unlearn(ctx, p)
	if err != nil {
		return err
	}

	// Compare. Evaluate retrains without U, in the recorded order and from
	// other seeds, and puts the result between those rows. A good method's row
	// looks like retraining's and costs a small part of it.
	table, err := bench.Evaluate(ctx, p, ds.Test, res)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, table)

	// Attack. Can an adversary who sees a model's answers tell the forgotten
	// examples from unseen ones? The target is what retraining gives.
	retrained, err := unlearning.Retrain{}.Unlearn(ctx, p)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Membership attacks, AUC [95% interval]; the target is retraining's:")
	fmt.Fprintf(out, "\n%-8s  %-26s  %s\n", "", "loss threshold", "modified entropy")
	for _, m := range []struct {
		name   string
		params *graph.Tensor
	}{{"before", run.Params}, {"mini", res.Params}, {"retrain", retrained.Params}} {
		loss, entropy, err := attack(ctx, nets.Classifier{Model: run.Model, Params: m.params}, p, ds.Test)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-8s  %-26s  %s\n", m.name, loss, entropy)
	}

	if err := bench.WriteFile(results, table.Results); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nThe table is in %s, one JSON object a line.\n", results)
	return err
}

// attack runs two threshold attacks: members are the forgotten examples, the
// others are test examples of the same classes.
func attack(ctx context.Context, c attacks.Querier, p unlearning.Problem, test *data.Dataset) (loss, entropy attacks.Interval, err error) {
	train := p.Run.Data
	like, err := bench.Unseen(train, p.Forget, test, p.Run.Config.Seed)
	if err != nil {
		return loss, entropy, err
	}
	forgotten, unseen := train.Subset(p.Forget.Positions()), test.Subset(like)
	for _, a := range []struct {
		signal attacks.Signal
		to     *attacks.Interval
	}{{attacks.SignalLoss, &loss}, {attacks.SignalModifiedEntropy, &entropy}} {
		in, err := attacks.Query(ctx, c, a.signal, forgotten.X, forgotten.Y, train.Classes, 0)
		if err != nil {
			return loss, entropy, err
		}
		out, err := attacks.Query(ctx, c, a.signal, unseen.X, unseen.Y, train.Classes, 0)
		if err != nil {
			return loss, entropy, err
		}
		if *a.to, err = attacks.DeLong(in, out, 0.95); err != nil {
			return loss, entropy, err
		}
	}
	return loss, entropy, nil
}
