package tune_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // registers the methods
	"github.com/miniunlearn/miniunlearn/unlearning/tune"
)

// A method tuned by a rehearsal, and what that took beside what the method takes.
func Example() {
	ctx, ds := context.Background(), data.Digits()
	run, err := nets.Train(ctx, nets.MLP(64, 32, 10), ds.Train, nets.Config{Epochs: 10, Batch: 64, LR: nets.Cosine(0.1), Momentum: 0.9})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds.Train, 0.1, 7), Validation: ds.Validation}
	res, err := unlearning.Solve(ctx, tune.Tuned{Of: "neggradplus:0.2", Trials: 4}, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	full := unlearning.RetrainCost(p)
	fmt.Println(strings.Split(res.RouteReason, ",")[0])
	fmt.Printf("%.1f of retraining, and %.1f to choose\n", res.GradEvals/full, res.TuningEvals/full)
	// Output:
	// the best of 4 settings in a rehearsal
	// 0.2 of retraining, and 1.8 to choose
}
