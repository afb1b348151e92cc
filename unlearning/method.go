package unlearning

import (
	"context"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Method is a way to forget. Methods are values: Unlearn changes neither the
// method nor the problem, and may be called concurrently for different runs.
// Callers that do not know where a method comes from call Solve, which checks
// what it returns.
type Method interface {
	// Name identifies the method in results.
	Name() string
	// History says what a run has to record for the method to work on it. A
	// method that needs no record returns the zero policy.
	History(p Plan) history.Policy
	// Unlearn solves the problem. It reads neither test data nor retrained
	// models. On an error nothing has changed.
	Unlearn(ctx context.Context, p Problem) (*Result, error)
}

// Plan is a training run that has not begun: what a method knows when it says
// what history it wants.
type Plan struct {
	Model  *nets.Model
	Data   *data.Dataset // to be trained on; an audit asks before it has features, with labels only
	Config nets.Config   // zero fields mean their defaults
}

// PlanOf returns the plan that a run followed.
func PlanOf(run *nets.Run) Plan { return Plan{run.Model, run.Data, run.Config} }

// Policy returns what a run has to record for all of the methods: the zero
// policy where none needs a record.
func Policy(p Plan, methods ...Method) (all history.Policy) {
	for _, m := range methods {
		all = all.And(m.History(p))
	}
	return all
}

// Policies returns what a run has to record for the methods, each policy once, and for
// each method the index of its own: −1 for one that needs no record, and for nil.
// Methods share a record only if they ask for the same, so that each works on what it
// needs, and is charged with that and not with what others do.
func Policies(p Plan, methods ...Method) (all []history.Policy, of []int) {
	of = make([]int, len(methods))
	at := map[string]int{}
	for i, m := range methods {
		of[i] = -1
		if m == nil {
			continue
		}
		policy := m.History(p)
		if policy.Empty() {
			continue
		}
		k, known := at[policy.String()]
		if !known {
			k = len(all)
			at[policy.String()], all = k, append(all, policy)
		}
		of[i] = k
	}
	return all, of
}
