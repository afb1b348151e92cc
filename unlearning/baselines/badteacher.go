package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// BadTeacher makes a student of w_T learn from two teachers: of U from one that knows
// nothing, of retained examples from w_T itself (Chundawat et al., Can Bad Teaching
// Induce Forgetting?, AAAI 2023, equation 3):
//
//	mean of KL(teacher's softmax(z/T) ‖ student's softmax(z/T)),
//
// with fresh initial parameters for the teacher of U. Batches are of U and of a random
// part of the retained examples, as they come. It needs no record; a step costs its
// batch, and a third of an evaluation for each example that a teacher is asked about
// for the first time. Labels are not looked at.
type BadTeacher struct {
	Steps
	// Temperature is T; 0 means 1, as published.
	Temperature float64
	// Share is the part of the retained examples that is taken, in (0, 1]; 0 means 0.3, as
	// published.
	Share float64
}

// Hyperparameters as published. The rate is a tenth of training's, as that of other
// methods that distil: the authors have 0.0001 of Adam, which has no counterpart here.
const (
	badTeacherTemperature = 1
	badTeacherShare       = 0.3
	badTeacherRate        = 0.1
)

// Name implements unlearning.Method.
func (BadTeacher) Name() string { return "bad-teacher" }

// History implements unlearning.Method: no record is needed.
func (BadTeacher) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (b BadTeacher) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, b, p)
}

func (b BadTeacher) steps() Steps { return b.Steps }

func (b BadTeacher) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	temperature, share := cmp.Or(b.Temperature, badTeacherTemperature), cmp.Or(b.Share, badTeacherShare)
	if !(temperature > 0) || math.IsInf(temperature, 0) || !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("temperature %g must be positive, and share %g in (0, 1]", temperature, share)
	}
	o, err := t.distillation(temperature, 1, 0)
	if err != nil {
		return nil, err
	}
	forgotten := make([]bool, t.Run.Data.Len())
	both := append([]int(nil), t.examples...)
	for _, i := range t.examples {
		forgotten[i] = true
	}
	r := purpose.Rand(t.seed, purpose.Subset, 0)
	for _, k := range r.Perm(len(t.Retain))[:max(1, int(share*float64(len(t.Retain))))] {
		both = append(both, t.Retain[k])
	}
	size := t.batch(b.Steps, len(both))
	all := t.batches(both, size, purpose.Seed(t.seed, purpose.MixedBatches, 0))
	bad, good := t.teacher(t.Model.Init(purpose.Seed(t.seed, purpose.Incompetent, 0))), t.teacher(t.from)
	steps, err := t.stepsWithin(func(k int) float64 { return float64(all.size(k)) + good.cost(all, k) })
	if err != nil {
		return nil, err
	}
	w, err := t.walk(b.Steps, badTeacherRate, t.from, steps, size)
	if err != nil {
		return nil, err
	}
	for range steps {
		ids, view := all.next()
		var forget, retain []int
		for _, id := range ids {
			if forgotten[id] {
				forget = append(forget, id)
			} else {
				retain = append(retain, id)
			}
		}
		wrong, err := bad.logits(view, forget)
		if err != nil {
			return nil, err
		}
		right, err := good.logits(view, retain)
		if err != nil {
			return nil, err
		}
		err = w.step(ctx, o, nets.Examples{IDs: append(forget, retain...), View: view, Targets: append(wrong, right...)})
		if err != nil {
			return nil, err
		}
	}
	return w.W, nil
}

// distillation returns the objective of a mean of T²·KL from target logits, times alpha,
// and the cross-entropy of labels, times gamma.
func (t *task) distillation(temperature, alpha, gamma float64) (nets.Objective, error) {
	if a := t.Model.Arch(); a.Loss != nil {
		return nets.Objective{}, fmt.Errorf("%s has a loss of its own, and only logits of the softmax cross-entropy can be distilled", a.Name)
	}
	return nets.Objective{
		Name: fmt.Sprintf("distil T=%g α=%g γ=%g", temperature, alpha, gamma),
		Loss: func(z, y, targets *graph.Node) *graph.Node {
			kl := graph.KLDistill(z, targets, temperature)
			if gamma == 0 {
				return graph.Scale(alpha, kl)
			}
			return graph.Lin([]float64{alpha, gamma}, kl, graph.CrossEntropy(z, y))
		},
	}, nil
}
