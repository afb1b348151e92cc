package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

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

	plan, err := s.plan(t, retain, forget, teacher, len(like))
	if err != nil {
		return nil, err
	}
	w, err := t.walk(s.Steps, scrubRate, t.from, plan.climbs*plan.over+plan.steps, size)
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
		if round < plan.climbs {
			if err := pass(forget, plan.over, up, -1); err != nil {
				return nil, err
			}
		}
		if err := pass(retain, plan.steps*(round+1)/s.Rounds-plan.steps*round/s.Rounds, down, 1); err != nil {
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

// scrubPlan says how many steps there are.
type scrubPlan struct {
	climbs int // rounds that climb
	over   int // steps on U in each of them
	steps  int // on retained examples, in all rounds
}

// plan divides the budget: what the rounds' other parts take is known, and the rest is
// for retained examples. like is how many validation examples a rewinding asks about.
func (s SCRUB) plan(t *task, retain, forget *batches, teacher *teacher, like int) (scrubPlan, error) {
	p := scrubPlan{climbs: min(s.Climbs, s.Rounds)}
	var fixed, climbing float64
	if s.Rewind {
		fixed = float64(s.Rounds*len(t.examples)+like) / 3
	}
	for k := 0; p.climbs > 0 && p.over < forget.order.StepsPerEpoch(); p.over++ {
		var round float64 // one more step in each
		for range p.climbs {
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
	var err error
	p.steps, err = t.stepsWithin(func(k int) float64 { return float64(retain.size(k)) + teacher.cost(retain, k) })
	t.evals += fixed
	if err == nil && p.steps < s.Rounds {
		err = fmt.Errorf("%w: %d steps on retained examples are left for %d rounds", unlearning.ErrBudget, p.steps, s.Rounds)
	}
	return p, err
}
