package baselines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// SCRUB makes a student of w_T disobey its teacher w_T on U and obey it elsewhere, in
// turns (Kurmanji, Triantafillou, Hayes and Triantafillou, NeurIPS 2023, equation 3
// and algorithm 1). A round goes once over U and climbs
//
//	mean of d(u),   d = T²·KL(teacher's softmax(z/T) ‖ student's softmax(z/T)),
//
// then goes over retained examples and descends
//
//	mean of α·d(u) + γ·ℓ(u).
//
// After some rounds U is left alone. With Rewind it is SCRUB+R: the result is the end
// of the round whose error on U is closest to what the last student's is on unseen
// examples of U's classes, so that U does not stand out by being wrong too often.
//
// It needs no record; Rewind needs Problem.Validation. A step costs its batch, and a
// third of an evaluation for each example that the teacher is asked about for the
// first time; Rewind a third for each example of U and round, and of the validation
// set. Rounds share what is left of the budget for the retained examples, at least half
// of it: where climbing all over U takes more, each round climbs over a part of it.
type SCRUB struct {
	// Steps has the budget and the schedule, over the steps of both kinds. Batches of U
	// are of as many examples as those of the retained.
	Steps
	Alpha float64 // α ≥ 0, of the distance to the teacher; 0 means 0.001
	Gamma float64 // γ ≥ 0, of the loss; 0 means 0.99
	// NoLabels is for γ = 0: the student learns from its teacher alone.
	NoLabels    bool
	Temperature float64 // T; 0 means 4
	Rounds      int     // 0 means 3
	// Climbs are the first rounds that go over U; 0 means 2. NoClimb is for none.
	Climbs  int
	NoClimb bool
	Rewind  bool
}

// Hyperparameters as in the authors' code for CIFAR-10. The rate is 0.005 of training's
// 0.1, as in that of Zhao et al. (NeurIPS 2024), where SGD takes the steps.
const (
	scrubAlpha       = 0.001
	scrubGamma       = 0.99
	scrubTemperature = 4
	scrubRounds      = 3
	scrubClimbs      = 2
	scrubRate        = 0.05
)

// Name implements unlearning.Method.
func (s SCRUB) Name() string {
	if s.Rewind {
		return "scrub-rewind"
	}
	return "scrub"
}

// History implements unlearning.Method: no record is needed.
func (SCRUB) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (s SCRUB) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, s, p)
}

func (s SCRUB) steps() Steps { return s.Steps }

// complete checks s and fills in its defaults.
func (s SCRUB) complete() (SCRUB, error) {
	if s.NoLabels && s.Gamma != 0 || s.NoClimb && s.Climbs != 0 {
		return s, fmt.Errorf("gamma %g and climbs %d must not be set together with NoLabels %t and NoClimb %t", s.Gamma, s.Climbs, s.NoLabels, s.NoClimb)
	}
	s.Alpha, s.Temperature, s.Rounds = cmp.Or(s.Alpha, scrubAlpha), cmp.Or(s.Temperature, scrubTemperature), cmp.Or(s.Rounds, scrubRounds)
	if !s.NoLabels {
		s.Gamma = cmp.Or(s.Gamma, scrubGamma)
	}
	if !s.NoClimb {
		s.Climbs = cmp.Or(s.Climbs, scrubClimbs)
	}
	if !(s.Alpha >= 0 && s.Gamma >= 0 && s.Temperature > 0) || math.IsInf(s.Alpha+s.Gamma+s.Temperature, 0) || s.Rounds < 1 || s.Climbs < 0 {
		return s, fmt.Errorf("alpha %g, gamma %g, temperature %g, rounds %d and climbs %d must be finite and positive", s.Alpha, s.Gamma, s.Temperature, s.Rounds, s.Climbs)
	}
	return s, nil
}

func (s SCRUB) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	down, err := t.distillation(s.Temperature, s.Alpha, s.Gamma)
	if err != nil {
		return nil, err
	}
	up, err := t.distillation(s.Temperature, 1, 0)
	if err != nil {
		return nil, err
	}
	var like []int // the validation examples that are compared with
	if s.Rewind {
		if like, err = t.validationLike(); err != nil {
			return nil, err
		}
	}
	size := t.batch(s.Steps, len(t.Retain))
	retain := t.batches(t.Retain, size, t.seed)
	forget := t.batches(t.examples, size, purpose.Seed(t.seed, purpose.ForgetBatches, 0))
	teacher := t.teacher(t.from)

	// What the rounds' other parts take is known; the rest is for retained examples.
	climbs, over := min(s.Climbs, s.Rounds), 0
	var fixed, climbing float64
	if s.Rewind {
		fixed = float64(s.Rounds*len(t.examples)+len(like)) / 3
	}
	for k := 0; climbs > 0 && over < forget.order.StepsPerEpoch(); over++ {
		var round float64 // one more step in each
		for range climbs {
			round += float64(forget.size(k)) + teacher.cost(forget, k)
			k++
		}
		if climbing+round > (t.left()-fixed)/2 {
			break
		}
		climbing += round
	}
	fixed += climbing
	t.evals -= fixed
	steps, err := t.afford(func(k int) float64 { return float64(retain.size(k)) + teacher.cost(retain, k) })
	t.evals += fixed
	if err == nil && steps < s.Rounds {
		err = fmt.Errorf("%w: %d steps on retained examples are left for %d rounds", unlearning.ErrBudget, steps, s.Rounds)
	}
	if err != nil {
		return nil, err
	}
	w, err := t.walk(s.Steps, scrubRate, t.from, climbs*over+steps, size)
	if err != nil {
		return nil, err
	}
	pass := func(b *batches, n int, o nets.Objective, sign float64) error {
		for range n {
			ids, view := b.next()
			z, err := teacher.logits(view, ids)
			if err != nil {
				return err
			}
			weights := slices.Repeat([]float64{sign / float64(len(ids))}, len(ids))
			if err := w.step(ctx, o, nets.Examples{IDs: ids, View: view, Weights: weights, Targets: z}); err != nil {
				return err
			}
		}
		return nil
	}
	var ends []*graph.Tensor // of the rounds
	for round := range s.Rounds {
		if round < climbs {
			if err := pass(forget, over, up, -1); err != nil {
				return nil, err
			}
		}
		if err := pass(retain, steps*(round+1)/s.Rounds-steps*round/s.Rounds, down, 1); err != nil {
			return nil, err
		}
		if s.Rewind {
			ends = append(ends, w.W.Clone())
		}
	}
	if s.Rewind {
		return t.rewind(ends, like)
	}
	return w.W, nil
}

// rewind returns the one of some ends, of equal ones the last, whose error on the task's
// examples is closest to the last one's on the given validation examples.
func (t *task) rewind(ends []*graph.Tensor, like []int) (*graph.Tensor, error) {
	last := ends[len(ends)-1]
	target, err := t.errors(last, t.Validation, like)
	if err != nil {
		return nil, err
	}
	best, distance := last, math.Inf(1)
	for _, w := range ends {
		e, err := t.errors(w, t.Run.Data, t.examples)
		if err != nil {
			return nil, err
		}
		if d := math.Abs(e - target); d <= distance {
			best, distance = w, d
		}
	}
	return best, nil
}

// errors returns the share of some examples whose largest logit is not the label's.
func (t *task) errors(w *graph.Tensor, ds *data.Dataset, ids []int) (float64, error) {
	k := t.Model.Arch().Classes
	z := make([]float64, len(ids)*k)
	if err := t.Model.LogitsAs(nets.View{}, w, ds, ids, z); err != nil {
		return 0, err
	}
	wrong := 0
	for i, id := range ids {
		row := z[i*k:][:k]
		if slices.Index(row, slices.Max(row)) != int(ds.Y[id]) {
			wrong++
		}
	}
	return float64(wrong) / float64(len(ids)), nil
}

// validationLike returns validation examples of the classes of the task's examples, as
// many of each, in proportion, as there are.
func (t *task) validationLike() ([]int, error) {
	ds := t.Validation
	if ds == nil || ds.Len() == 0 {
		return nil, errors.New("rewinding needs unseen examples to compare with; set Problem.Validation, or hold some out")
	}
	of := make([][]int, t.Run.Data.Classes)
	for i, y := range ds.Y {
		of[y] = append(of[y], i)
	}
	want := make([]int, len(of))
	for _, i := range t.examples {
		want[t.Run.Data.Y[i]]++
	}
	share := math.Inf(1) // validation examples for each of U's
	for y, n := range want {
		if n > 0 {
			share = min(share, float64(len(of[y]))/float64(n))
		}
	}
	var like []int
	for y, n := range want {
		like = append(like, of[y][:int(share*float64(n))]...)
	}
	if len(like) == 0 {
		return nil, fmt.Errorf("the %d validation examples have none of a class of the forgotten ones", ds.Len())
	}
	return like, nil
}
