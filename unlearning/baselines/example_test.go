package baselines_test

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // registers the methods
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Published methods, by their names, on one recorded run.
func Example() {
	ctx, ds := context.Background(), data.Digits().Train
	methods, err := unlearning.Parse("deltagrad", "rewind:0.2", "newton:5")
	if err != nil {
		fmt.Println(err)
		return
	}
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(ctx, nets.Logistic(64, 10), ds, nets.Config{
		Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds, 0.2, 7), History: rec.Record()}
	for _, m := range methods {
		res, err := unlearning.Solve(ctx, m.Method, p)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %.2f of retraining\n", m.Name, res.GradEvals/unlearning.RetrainCost(p))
	}
	// Output:
	// deltagrad: 0.50 of retraining
	// rewind:0.2: 0.20 of retraining
	// newton:5: 0.36 of retraining
}
