// Gpu trains a convolutional network and makes it forget, on the engine and
// device that the flags name. The program is the same for all of them:
//
//	go run ./examples/gpu
//	eval "$(go run ./graph/libtorch/setup)"
//	go run -tags libtorch ./examples/gpu -engine libtorch
//	go run -tags libtorch ./examples/gpu -engine libtorch -device cuda
//
// docs/gpu.md says what it takes and when it pays.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

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
		fmt.Fprintln(os.Stderr, "gpu:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	fs := flag.NewFlagSet("gpu", flag.ContinueOnError)
	var choice graph.Choice
	choice.Flags(fs)
	channels := fs.Int("channels", 16, "of the first convolution; more make more work")
	epochs := fs.Int("epochs", 4, "of training")
	if err := fs.Parse(args); err != nil {
		return err
	}
	engine, err := choice.Open()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "engine ", engine.Name())

	ds := data.Digits()
	arch, err := nets.CNN(fmt.Sprintf("c%dk3p1-m2-c%dk3p1-m2-d64", *channels, 2**channels), []int{1, 8, 8}, ds.Train.Classes)
	if err != nil {
		return err
	}
	rec, start := history.NewRecorder(history.LogitGradients()), time.Now()
	trained, err := nets.Train(ctx, arch, ds.Train, nets.Config{
		Epochs: *epochs, Batch: 128, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
		Engine: engine, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Fprintf(out, "trained  %s, %d steps in %.2f s, %.0f a second; last loss %.4f\n",
		arch.Name, trained.Steps, took.Seconds(), float64(trained.Steps)/took.Seconds(), trained.Losses[len(trained.Losses)-1])

	start = time.Now()
	p := unlearning.Problem{Run: trained, Forget: data.RandomForget(ds.Train, 0.2, 7), History: rec.Record()}
	res, err := unlearning.Mini{}.Unlearn(ctx, p)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "forgot   %d of %d examples in %.2f s; the parameters moved by %.3f\n",
		p.Forget.Len(), ds.Train.Len(), time.Since(start).Seconds(), distance(trained.Params, res.Params))
	return err
}

// distance is ‖a − b‖ / ‖a‖.
func distance(a, b *graph.Tensor) float64 {
	var d2, a2 float64
	for i := range a.Len() {
		d := a.At(i) - b.At(i)
		d2, a2 = d2+d*d, a2+a.At(i)*a.At(i)
	}
	return math.Sqrt(d2 / a2)
}
