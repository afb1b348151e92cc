package attacks

import (
	"context"
	"fmt"
)

// Attack learns from shadow models how a model betrays which of two states an
// example was in. [LiRA], [Direction], [RMIA], [Threshold] and [ClassThreshold] are
// attacks; anything with these two methods is, and can be played and audited
// beside them.
type Attack interface {
	// Name tells the attack from others in results.
	Name() string
	// Learn learns to tell the game's positive state from its negative one. The
	// shadows' Signal is the logit gap, unless the attack says otherwise. Learn must
	// neither change nor keep the shadows.
	Learn(ctx context.Context, shadows *Shadows, game Game) (Scorer, error)
}

// Scorer is an attack that has learned. It must be safe for concurrent calls.
type Scorer interface {
	// Score returns one score per example of one target model, larger where the
	// answers speak for the game's positive state, none of them NaN.
	Score(target Answers) ([]float64, error)
}

// ScorerFunc is a function as a Scorer.
type ScorerFunc func(target Answers) ([]float64, error)

// Score implements Scorer.
func (f ScorerFunc) Score(target Answers) ([]float64, error) { return f(target) }

// Answers are what an attack sees of one target model: the signals of all
// examples, and their logits where the shadows have some.
type Answers struct {
	Examples, Augs int
	Signal         []float64 // row-major [Examples, Augs]
	Classes        int
	Logits         []float32 // row-major [Examples, Augs, Classes], or nil
}

// Answers returns those of model m, without its states.
func (s *Shadows) Answers(m int) Answers {
	a := Answers{Examples: s.Examples, Augs: s.augs(), Signal: s.row(m), Classes: s.Classes}
	if s.Logits != nil {
		w := s.Examples * s.augs() * s.Classes
		a.Logits = s.Logits[m*w : (m+1)*w]
	}
	return a
}

// Score fits an attack and scores one target model.
func Score(ctx context.Context, a Attack, shadows *Shadows, game Game, target Answers) ([]float64, error) {
	if err := shadows.Validate(); err != nil {
		return nil, err
	}
	scorer, err := a.Learn(ctx, shadows, game)
	if err != nil {
		return nil, err
	}
	return scoreOf(a.Name(), scorer, target)
}

// scoreOf asks a scorer and checks what it answers: it may be a user's.
func scoreOf(name string, s Scorer, target Answers) ([]float64, error) {
	scores, err := s.Score(target)
	if err != nil {
		return nil, fmt.Errorf("attacks: attack %s: %w", name, err)
	}
	if len(scores) != target.Examples {
		return nil, &ShapeError{Op: "attack " + name, Arg: "scores", Got: len(scores), Want: target.Examples}
	}
	return scores, checkScores("attack "+name, "scores", scores)
}

// check validates the signals against the shape that an attack was fitted on.
func (a Answers) check(op string, examples, augs int) error {
	if want := examples * augs; len(a.Signal) != want {
		return &ShapeError{Op: op, Arg: "target", Got: len(a.Signal), Want: want}
	}
	return checkFinite(op, "target", a.Signal)
}

// Threshold is the attack without shadows: the signal itself, averaged over
// augmentations, is the score. Examples that are easy for every model look like
// members to it.
type Threshold struct{}

// Name implements Attack.
func (Threshold) Name() string { return "threshold" }

// Learn implements Attack.
func (Threshold) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	if _, _, err := game.States(); err != nil {
		return nil, err
	}
	examples, augs := s.Examples, s.augs()
	return ScorerFunc(func(a Answers) ([]float64, error) {
		if err := a.check("Threshold", examples, augs); err != nil {
			return nil, err
		}
		return averaged(a.Signal, augs), nil
	}), nil
}

// ClassThreshold is Threshold with a threshold of its own for each class, fitted on
// the shadows (Song & Mittal 2021, section 4): the score is the signal less its
// class's threshold. The shadows need Labels and Classes.
type ClassThreshold struct{}

// Name implements Attack.
func (ClassThreshold) Name() string { return "class-threshold" }

// Learn implements Attack.
func (ClassThreshold) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	const op = "ClassThreshold"
	positive, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	if s.Labels == nil {
		return nil, failf(op, ErrEmpty, "the shadows have no Labels")
	}
	var in, out []float64
	var inLabels, outLabels []int32
	for m := range s.Models {
		for e, v := range averaged(s.row(m), s.augs()) {
			switch s.state(m, e) {
			case positive:
				in, inLabels = append(in, v), append(inLabels, s.Labels[e])
			case negative:
				out, outLabels = append(out, v), append(outLabels, s.Labels[e])
			}
		}
	}
	c, err := FitClassThresholds(in, inLabels, out, outLabels, s.Classes)
	if err != nil {
		return nil, err
	}
	labels, examples, augs := s.Labels, s.Examples, s.augs()
	return ScorerFunc(func(a Answers) ([]float64, error) {
		if err := a.check(op, examples, augs); err != nil {
			return nil, err
		}
		return ClassScores(c, averaged(a.Signal, augs), labels)
	}), nil
}

// averaged returns the mean over augmentations of row-major [examples, augs].
func averaged(signal []float64, augs int) []float64 {
	out := make([]float64, len(signal)/augs)
	for e := range out {
		out[e] = mean(signal[e*augs : (e+1)*augs])
	}
	return out
}
