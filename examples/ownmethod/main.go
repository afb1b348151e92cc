// Ownmethod has a method of its own measured and audited beside Mini:
//
//	go run ./examples/ownmethod
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// climb takes Steps up the loss of U from w_T, at a rate of 0.05.
type climb struct{ Steps int }

func init() {
	unlearning.Register("climb", "STEPS", unlearning.ByCount(func(n int) unlearning.Method { return climb{max(n, 1)} }))
}

func (climb) Name() string                           { return "climb" }
func (climb) History(unlearning.Plan) history.Policy { return history.Policy{} } // no record is needed

func (c climb) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(c, p) // checks the problem; req.Model counts what it computes
	if err != nil || done != nil {
		return done, err
	}
	s, err := req.Model.NewStepper(0, 0, p.Run.Params, nil)
	u := p.Forget.Positions()
	for t, g := 0, req.Model.NewVector(); t < c.Steps && err == nil; t++ {
		err = req.Step(ctx, t, s, -0.05, g, func(w, g *graph.Tensor) error {
			_, err := req.Model.Gradient(w, p.Run.Data, u, g)
			return err
		})
	}
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(s.W)
}

func main() {
	if err := run(context.Background(), os.Stdout, "ownmethod.out"); err != nil {
		fmt.Fprintln(os.Stderr, "ownmethod:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, folder string) error {
	digits := data.Digits()
	train := nets.Config{Epochs: 40, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1}
	methods, err := unlearning.Parse("before", "mini", "climb:10", "retrain") // by name, as the commands do
	if err != nil {
		return err
	}
	rows, err := bench.Experiment{Data: digits, N: 400, Arch: nets.MLP(64, 128, 10), Config: train, Forget: "random:0.2", Methods: methods}.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, &bench.Table{Results: rows})
	few, err := data.Stratified(digits.Train, 400, 1)
	if err != nil {
		return err
	}
	result, err := audit.Run(ctx, audit.Config{Data: few, Arch: nets.MLP(64, 128, 10), Train: train, Methods: methods[1:3], Shadows: 32, Dir: folder, Fit: attacks.Shrunk})
	if err == nil {
		fmt.Fprintln(out, result)
	}
	return err
}
