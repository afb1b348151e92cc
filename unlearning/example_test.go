package unlearning_test

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Forgetting a fifth of the data that logistic regression was trained on, and
// comparing with retraining.
func Example() {
	ctx := context.Background()
	ds := data.Digits().Train
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(ctx, nets.Logistic(64, 10), ds, nets.Config{
		Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds, 0.2, 7), History: rec.Record()}
	mini, err := unlearning.Mini{}.Unlearn(ctx, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	retrained, err := unlearning.Retrain{}.Unlearn(ctx, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	moved := distance(run.Params, retrained.Params)
	fmt.Printf("left of the distance to retraining: %.0f%%\n", 100*distance(mini.Params, retrained.Params)/moved)
	fmt.Printf("cost, in retrainings: %.2f\n", mini.GradEvals/retrained.GradEvals)
	// Output:
	// left of the distance to retraining: 3%
	// cost, in retrainings: 0.15
}

func distance(a, b *graph.Tensor) float64 {
	var sum float64
	for i := range a.Len() {
		d := a.At(i) - b.At(i)
		sum += d * d
	}
	return math.Sqrt(sum)
}

// Learning the last tenth of the examples, that the run has not seen, by the same recursion.
func ExampleRecursion_add() {
	ctx := context.Background()
	ds := data.Digits().Train
	some, more := parted(ds, 1150)
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(ctx, nets.Logistic(64, 10), some, nets.Config{
		Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := unlearning.Problem{Run: run, Add: more, History: rec.Record()}
	learned, err := unlearning.Recursion{Curvature: contraction.LBFGS{}}.Unlearn(ctx, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	retrained, err := unlearning.Retrain{}.Unlearn(ctx, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	moved := distance(run.Params, retrained.Params)
	fmt.Printf("left of the distance to retraining: %.0f%%\n", 100*distance(learned.Params, retrained.Params)/moved)
	fmt.Printf("cost, in retrainings: %.2f\n", learned.GradEvals/retrained.GradEvals)
	// Output:
	// left of the distance to retraining: 4%
	// cost, in retrainings: 0.33
}
