package attacks

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// GameScores are the scores of a game over many target models, each with the
// model group and the example it came from.
type GameScores struct {
	Game                             Game
	Attack                           string // its name
	Positive, Negative               []float64
	PositiveGroup, NegativeGroup     []int
	PositiveExample, NegativeExample []int
}

// Play lets an attack learn from the shadows and score every (target model,
// example) whose state takes part in the game. Shadows and targets must hold the
// same examples and share no model or group: a target among its own shadows drags
// its state's mean towards itself, and leaving one model out at a time biases
// the result the other way. SplitModels makes the two sets.
func Play(ctx context.Context, a Attack, shadows, targets *Shadows, game Game) (*GameScores, error) {
	const op = "Play"
	if err := shadows.Validate(); err != nil {
		return nil, failWrap("shadows", err)
	}
	if err := targets.Validate(); err != nil {
		return nil, failWrap("targets", err)
	}
	if targets.Examples != shadows.Examples {
		return nil, &ShapeError{Op: op, Arg: "targets' examples", Got: targets.Examples, Want: shadows.Examples}
	}
	if targets.augs() != shadows.augs() {
		return nil, &ShapeError{Op: op, Arg: "targets' augmentations", Got: targets.augs(), Want: shadows.augs()}
	}
	positive, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	scorer, err := a.Learn(ctx, shadows, game)
	if err != nil {
		return nil, err
	}
	rows, errs := make([][]float64, targets.Models), make([]error, targets.Models)
	parallel(targets.Models, func(m int) { rows[m], errs[m] = scoreOf(a.Name(), scorer, targets.Answers(m)) })
	for m, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("target %d: %w", m, err)
		}
	}
	g := &GameScores{Game: game, Attack: a.Name()}
	for m, row := range rows {
		for e, v := range row {
			switch targets.state(m, e) {
			case positive:
				g.Positive = append(g.Positive, v)
				g.PositiveGroup = append(g.PositiveGroup, targets.group(m))
				g.PositiveExample = append(g.PositiveExample, e)
			case negative:
				g.Negative = append(g.Negative, v)
				g.NegativeGroup = append(g.NegativeGroup, targets.group(m))
				g.NegativeExample = append(g.NegativeExample, e)
			}
		}
	}
	if len(g.Positive) == 0 || len(g.Negative) == 0 {
		return nil, failf(op, ErrEmpty, "targets hold %d scores %q and %d %q",
			len(g.Positive), positive, len(g.Negative), negative)
	}
	return g, nil
}

// Evaluate measures the game. Scores of one model share its training run and
// scores of one example share its fit, so intervals are clustered by model
// group and by example, and the wider of the two is given: of the AUC
// DeLongClustered's, of the TPR and FPR at a threshold Korn and Graubard's for
// a proportion of clustered trials.
func (g *GameScores) Evaluate(cfg EvalConfig) (*Evaluation, error) {
	e, err := Evaluate(g.Attack+"-"+g.Game.String(), g.Positive, g.Negative, cfg)
	if err != nil {
		return nil, err
	}
	for i := range e.TPR {
		g.bound(&e.TPR[i])
	}
	e.AUC, err = g.auc(orDefault(cfg.Level, 0.95))
	return e, err
}

// bound replaces the bounds of an operating point.
func (g *GameScores) bound(p *OperatingPoint) {
	p.Method = "korn-graubard"
	p.TPRLow, p.TPRHigh, p.FPRHigh = 1, 0, 0
	tp, fp := p.accepts(g.Positive), p.accepts(g.Negative)
	for _, by := range []struct{ positive, negative []int }{{g.PositiveGroup, g.NegativeGroup}, {g.PositiveExample, g.NegativeExample}} {
		low, high := newClusteredRate(tp, by.positive).bounds((1 - p.Level) / 2)
		_, fprHigh := newClusteredRate(fp, by.negative).bounds(1 - p.Level)
		p.TPRLow, p.TPRHigh, p.FPRHigh = min(p.TPRLow, low), max(p.TPRHigh, high), max(p.FPRHigh, fprHigh)
	}
}

func (g *GameScores) auc(level float64) (Interval, error) {
	byModel, err := DeLongClustered(g.Positive, g.Negative, g.PositiveGroup, g.NegativeGroup, level)
	if err != nil {
		return Interval{}, err
	}
	byExample, err := DeLongClustered(g.Positive, g.Negative, g.PositiveExample, g.NegativeExample, level)
	if err != nil {
		return Interval{}, err
	}
	if byExample.High-byExample.Low > byModel.High-byModel.Low {
		byExample.Method = "delong-by-example"
		return byExample, nil
	}
	byModel.Method = "delong-by-model"
	return byModel, nil
}

// SplitModels deals the groups of models into two halves at random, the first
// for fitting and the second for attacking. At least two groups are needed.
func SplitModels(s *Shadows, seed uint64) (shadows, targets *Shadows, err error) {
	const op = "SplitModels"
	if err := s.Validate(); err != nil {
		return nil, nil, err
	}
	var groups []int
	for m := range s.Models {
		groups = append(groups, s.group(m))
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	if len(groups) < 2 {
		return nil, nil, failf(op, ErrTooFewShadows, "%d group of models, want at least 2", len(groups))
	}
	rng := purpose.Rand(seed, purpose.Halves, 0)
	rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	first := groups[:(len(groups)+1)/2]
	return s.pick(func(m int) bool { return slices.Contains(first, s.group(m)) }),
		s.pick(func(m int) bool { return !slices.Contains(first, s.group(m)) }), nil
}

// pick copies the models that keep selects.
func (s *Shadows) pick(keep func(m int) bool) *Shadows {
	p := &Shadows{Examples: s.Examples, Augs: s.Augs, Labels: s.Labels, Classes: s.Classes}
	for m := range s.Models {
		if keep(m) {
			p.Models++
			p.Signal = append(p.Signal, s.row(m)...)
			p.Logits = append(p.Logits, s.Answers(m).Logits...)
			p.State = append(p.State, s.State[m*s.Examples:(m+1)*s.Examples]...)
			p.Group = append(p.Group, s.group(m))
		}
	}
	return p
}

// parallel runs f(0..n−1) on all processors; f writes only to its own index,
// so the result does not depend on their number.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
