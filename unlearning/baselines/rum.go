package baselines

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// RUM splits U by how much the run had to memorise its examples, and forgets the parts
// one after another, each by a method of its own (refined unlearning: Zhao, Kurmanji,
// Bărbulescu, Triantafillou and Triantafillou, What Makes Unlearning Hard and What to Do
// About It, NeurIPS 2024). The parts are equally large, from the least memorised on, and
// share the budget; what is retained is without all of U throughout.
//
// Memorisation is told by the run's own logit gradients, see unlearning.Memorisation, a
// proxy like those of Zhao and Triantafillou (2024); the paper estimates it by leaving
// examples out, for many runs.
// It needs them recorded (history.LogitGradients), and costs what its methods do.
type RUM struct {
	Cost float64 // as in Steps
	Seed uint64  // of the methods; 0 means the run's
	// Methods are those of this package that train on, one for each part, nil for parts
	// that are left alone. Their costs and seeds are not looked at. None means NegGradPlus
	// three times, with α of 0.99, 0.97 and 0.97, as in the authors' code.
	Methods []unlearning.Method
}

// rumMethods are those of the authors' code, which takes a tenth of the rate for the
// part that was memorised most.
func rumMethods() []unlearning.Method {
	const low, high, slower = 0.99, 0.97, 0.01
	return []unlearning.Method{NegGradPlus{Alpha: low}, NegGradPlus{Alpha: high}, NegGradPlus{Steps: Steps{Rate: slower}, Alpha: high}}
}

// Name implements unlearning.Method.
func (RUM) Name() string { return "rum" }

// History implements unlearning.Method: the logit gradients.
func (RUM) History(unlearning.Plan) history.Policy { return history.LogitGradients() }

// Unlearn implements unlearning.Method.
func (r RUM) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, r, p)
}

func (r RUM) steps() Steps { return Steps{Cost: r.Cost, Seed: r.Seed} }

func (r RUM) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	methods := r.Methods
	if methods == nil {
		methods = rumMethods()
	}
	if len(methods) == 0 || len(methods) > len(t.examples) {
		return nil, fmt.Errorf("%d methods for the parts of %d examples", len(methods), len(t.examples))
	}
	trainers := make([]trainer, len(methods))
	for i, m := range methods {
		if m == nil {
			continue
		}
		var ok bool
		if trainers[i], ok = m.(trainer); !ok || m.Name() == r.Name() {
			return nil, fmt.Errorf("method %d is %s; it takes those of this package that train on, such as NegGradPlus", i, m.Name())
		}
		if err := trainers[i].steps().check(); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name(), err)
		}
	}
	order, err := t.byMemorisation()
	if err != nil {
		return nil, err
	}
	part, budget := *t, t.left()
	before := t.Model.GradEvals()
	for i, m := range trainers {
		part.examples = slices.Sorted(slices.Values(order[len(order)*i/len(trainers) : len(order)*(i+1)/len(trainers)]))
		part.evals = before + budget*float64(i+1)/float64(len(trainers))
		if m == nil {
			continue
		}
		if part.from, err = m.forget(ctx, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name(), err)
		}
	}
	return part.from, nil
}

// byMemorisation returns the task's examples from the least memorised on.
func (t *task) byMemorisation() ([]int, error) {
	alpha, err := t.LogitGradients()
	if err != nil {
		return nil, err
	}
	score := unlearning.Memorisation(alpha)
	order := slices.Clone(t.examples)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[a], score[b]) })
	return order, nil
}
