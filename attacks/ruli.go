package attacks

import (
	"context"
	"math"
)

// RULI is the attack of Naderloui et al. ("Rectifying Privacy and Efficacy Measurements
// in Machine Unlearning: A New Inference Attack Perspective", USENIX Security 2025,
// arXiv 2506.13009): LiRA with kernel densities for Gaussians. The score is the log
// ratio of the game's states. Its protocol plays Privacy and Efficacy on examples of
// two kinds, that are vulnerable and that are protected, as [RULI.Audit] does.
type RULI struct {
	Bandwidth float64 // of the Gaussian kernel, in the signal's units; 0 means 1, the public code's
}

// Name implements Attack.
func (RULI) Name() string { return "ruli" }

// Learn implements Attack. Every example needs one model in each state.
func (r RULI) Learn(_ context.Context, s *Shadows, game Game) (Scorer, error) {
	const op = "RULI"
	positive, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	h := orDefault(r.Bandwidth, 1)
	if !(h > 0) || math.IsInf(h, 1) {
		return nil, &ValueError{Op: op, Arg: "Bandwidth", Index: -1, Value: r.Bandwidth, Err: ErrRange}
	}
	a := s.augs()
	values := func(st State) ([][]float64, error) {
		out := make([][]float64, s.Examples*a)
		for m := range s.Models {
			for j, v := range s.row(m) {
				if s.state(m, j/a) == st {
					out[j] = append(out[j], v)
				}
			}
		}
		for j, x := range out {
			if len(x) == 0 {
				return nil, failf(op, ErrTooFewShadows, "example %d is never %q among the models used; one would do", j/a, st)
			}
		}
		return out, nil
	}
	pos, err := values(positive)
	if err != nil {
		return nil, err
	}
	neg, err := values(negative)
	if err != nil {
		return nil, err
	}
	examples := s.Examples
	return ScorerFunc(func(t Answers) ([]float64, error) {
		if err := t.check(op, examples, a); err != nil {
			return nil, err
		}
		out := make([]float64, examples)
		for j, v := range t.Signal {
			out[j/a] += (logKernelDensity(pos[j], v, h) - logKernelDensity(neg[j], v, h)) / float64(a)
		}
		return out, nil
	}), nil
}

// logKernelDensity is the logarithm of a Gaussian kernel estimate at v.
func logKernelDensity(x []float64, v, h float64) float64 {
	logs := make([]float64, len(x))
	for i, c := range x {
		z := (v - c) / h
		logs[i] = -0.5 * z * z
	}
	return logMeanExp(logs) - math.Log(h) - 0.5*math.Log(2*math.Pi)
}

// RULIResult holds both games on both kinds of examples.
type RULIResult struct {
	// Privacy tells Forgotten from Out: ½ is perfect.
	PrivacyVulnerable *Evaluation `json:"privacy_vulnerable"`
	PrivacyProtected  *Evaluation `json:"privacy_protected"`
	// Efficacy tells In from Forgotten: retraining's value is perfect, ½ nothing done.
	EfficacyVulnerable *Evaluation `json:"efficacy_vulnerable"`
	EfficacyProtected  *Evaluation `json:"efficacy_protected"`
}

// Audit plays RULI's protocol. vulnerable says of each example whether models know it
// by heart, such as those whose answers before unlearning differ most between models
// that were trained on them and models that were not; the others are protected. Each
// kind needs two scores of every state among the targets.
func (r RULI) Audit(ctx context.Context, shadows, targets *Shadows, vulnerable []bool) (*RULIResult, error) {
	if len(vulnerable) != targets.Examples {
		return nil, &ShapeError{Op: "RULI", Arg: "vulnerable", Got: len(vulnerable), Want: targets.Examples}
	}
	out := &RULIResult{}
	for _, g := range []struct {
		game                  Game
		vulnerable, protected **Evaluation
	}{{Privacy, &out.PrivacyVulnerable, &out.PrivacyProtected}, {Efficacy, &out.EfficacyVulnerable, &out.EfficacyProtected}} {
		all, err := Play(ctx, r, shadows, targets, g.game)
		if err != nil {
			return nil, err
		}
		for _, kind := range []struct {
			want bool
			to   **Evaluation
		}{{true, g.vulnerable}, {false, g.protected}} {
			part, err := all.only(func(e int) bool { return vulnerable[e] == kind.want })
			if err != nil {
				return nil, err
			}
			if *kind.to, err = part.Evaluate(EvalConfig{}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// only keeps the scores of some examples.
func (g *GameScores) only(keep func(example int) bool) (*GameScores, error) {
	out := &GameScores{Game: g.Game, Attack: g.Attack}
	for i, e := range g.PositiveExample {
		if keep(e) {
			out.Positive = append(out.Positive, g.Positive[i])
			out.PositiveGroup, out.PositiveExample = append(out.PositiveGroup, g.PositiveGroup[i]), append(out.PositiveExample, e)
		}
	}
	for i, e := range g.NegativeExample {
		if keep(e) {
			out.Negative = append(out.Negative, g.Negative[i])
			out.NegativeGroup, out.NegativeExample = append(out.NegativeGroup, g.NegativeGroup[i]), append(out.NegativeExample, e)
		}
	}
	if len(out.Positive) < 2 || len(out.Negative) < 2 {
		return nil, failf(g.Attack, ErrDegenerate, "%d positive and %d negative scores of such examples; 2 of each would do", len(out.Positive), len(out.Negative))
	}
	return out, nil
}
