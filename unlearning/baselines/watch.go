package baselines

import (
	"context"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Step is a step of a method that trains on, before it is taken: what another
// implementation needs to take the same.
type Step struct {
	T, N   int           // its number, and that of all steps of the method
	Rate   float64       // η
	Params *graph.Tensor // where it starts, valid during the call
	// Objective and Examples are what the step descends: the weighted sum of an objective
	// over examples, with the labels and targets that the method gives them.
	Objective string // "" for the loss of the architecture
	nets.Examples
}

type watchKey struct{}

// Watch returns a context in which the methods that Steps configures show every step.
func Watch(ctx context.Context, see func(Step)) context.Context {
	return context.WithValue(ctx, watchKey{}, see)
}

// show shows a step to who watches.
func (w *walk) show(ctx context.Context, o nets.Objective, ex nets.Examples) {
	if see, _ := ctx.Value(watchKey{}).(func(Step)); see != nil {
		see(Step{w.t, w.n, w.lr.Rate(w.t, w.n), w.W, o.Name, ex})
	}
}
