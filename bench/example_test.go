package bench_test

import (
	"context"
	"fmt"
	"log"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The README shows this program.
func Example() {
	ctx := context.Background()

	ds := data.Digits()
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(ctx, nets.MLP(64, 128, 10), ds.Train, nets.Config{
		Epochs: 40, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1, Hooks: []nets.Hook{rec},
	})
	check(err)
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds.Train, 0.2, 7), History: rec.Record()}
	res, err := unlearning.Mini{}.Unlearn(ctx, p)
	check(err)
	table, err := bench.Evaluate(ctx, p, ds.Test, res) // beside before, retrained, another seed, fast retraining
	check(err)

	// fmt.Print(table) shows all columns; these do not depend on the machine.
	for _, r := range table.Results {
		fmt.Println(r.Method, r.NForget, "of", r.N)
	}
	// Output:
	// before 251 of 1257
	// mini 251 of 1257
	// retrain 251 of 1257
	// retrain-other-seed 251 of 1257
	// fast-retrain 251 of 1257
}
