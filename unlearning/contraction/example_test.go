package contraction_test

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// halfExact is a curvature of one's own: exact at every other step, and what it was
// at the last one in between.
type halfExact struct{}

func (halfExact) String() string { return "half-exact" }

func (halfExact) Start(s *contraction.System, w *contraction.Way) (contraction.Product, error) {
	exact, err := contraction.Exact{}.Start(s, w)
	last := s.Model.NewVector()
	return contraction.Linear(func(pt contraction.Point, d, retained, h *graph.Tensor) error {
		if pt.T%2 == 1 {
			h.Copy(last)
			return nil
		}
		err := exact.Product(pt, d, retained, h)
		last.Copy(h)
		return err
	}), err
}

// The cost of following a run without a fifth of its examples, by curvature.
func Example() {
	ctx, ds := context.Background(), data.Digits().Train
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(ctx, nets.Logistic(64, 10), ds, nets.Config{
		Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, curvature := range []contraction.Curvature{contraction.Exact{}, halfExact{}, contraction.Sampled{}} {
		s := contraction.NewSystem(run, data.RandomForget(ds, 0.2, 7), rec.Record())
		c := contraction.Contraction{Disturbance: contraction.Interpolated{Knots: 5, Tails: true}, Curvature: curvature}
		if _, err := c.Solve(ctx, s); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %.2f of retraining\n", c, s.Model.GradEvals()/s.RetrainCost())
	}
	// Output:
	// recorded, interpolated:5:tails, exact: 1.79 of retraining
	// recorded, interpolated:5:tails, half-exact: 1.10 of retraining
	// recorded, interpolated:5:tails, sampled-difference:0.03: 0.11 of retraining
}
