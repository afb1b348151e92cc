package baselines

import (
	"context"
	"errors"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// RandomLabels trains on from w_T on all examples, those of U with labels that are
// drawn from the other classes (relabelling: Golatkar, Achille and Soatto, CVPR 2020;
// Graves, Nagisetty and Ganesh, AAAI 2021). Labels are drawn once, by Steps.Seed, and
// batches are of retained examples and U as they come. It needs no record; a step
// costs its batch.
type RandomLabels struct {
	Steps
}

// randomLabelsRate is that of the code of Fan et al. (ICLR 2024): 0.1, as in training.
const randomLabelsRate = 1

// Name implements unlearning.Method.
func (RandomLabels) Name() string { return "random-labels" }

// History implements unlearning.Method: no record is needed.
func (RandomLabels) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (r RandomLabels) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, r, p)
}

func (r RandomLabels) steps() Steps { return r.Steps }

func (r RandomLabels) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	return relabel(ctx, t, r.Steps, nil)
}

// relabel trains on with random labels for U; frozen parameters stay where they are.
func relabel(ctx context.Context, t *task, s Steps, frozen []int) (*graph.Tensor, error) {
	labels, err := t.wrongLabels()
	if err != nil {
		return nil, err
	}
	both := slices.Concat(t.examples, t.Retain)
	b := t.batch(s, len(both))
	all := t.batches(both, b, purpose.Seed(t.seed, purpose.MixedBatches, 0))
	steps, err := t.stepsWithin(func(k int) float64 { return float64(all.size(k)) })
	if err != nil {
		return nil, err
	}
	w, err := t.walk(s, randomLabelsRate, t.from, steps, b)
	if err != nil {
		return nil, err
	}
	w.frozen = frozen
	for range steps {
		ids, view := all.next()
		y := make([]int32, len(ids))
		for i, id := range ids {
			y[i] = labels[id]
		}
		if err := w.step(ctx, nets.Objective{}, nets.Examples{IDs: ids, View: view, Labels: y}); err != nil {
			return nil, err
		}
	}
	return w.W, nil
}

// wrongLabels returns the labels of all examples, those of the task's drawn from the
// classes that are not their own.
func (t *task) wrongLabels() ([]int32, error) {
	ds := t.Run.Data
	if ds.Classes < 2 {
		return nil, errors.New("the data have one class, and no other label can be drawn")
	}
	labels := slices.Clone(ds.Y)
	r := purpose.Rand(t.seed, purpose.WrongLabels, 0)
	for _, i := range t.examples {
		if y := r.Int32N(int32(ds.Classes) - 1); y < ds.Y[i] {
			labels[i] = y
		} else {
			labels[i] = y + 1
		}
	}
	return labels, nil
}
