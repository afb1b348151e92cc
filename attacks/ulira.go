package attacks

// Verdict is what an audit concludes.
type Verdict string

// The verdicts. Passed means "no difference found at this sample size", never
// "proved equal".
const (
	Passed          Verdict = "passed"
	UnderUnlearned  Verdict = "under-unlearned" // forgotten examples still look trained on
	OverUnlearned   Verdict = "over-unlearned"  // they look worse than never seen
	Distinguishable Verdict = "distinguishable" // a difference without a direction
)

// ULiRA audits an unlearning method with shadow models (after Hayes et al.,
// "Inexact Unlearning Needs More Careful Evaluations", 2024): LiRA's In
// becomes trained-then-forgotten, Out stays never trained. The zero value uses
// PerExample fits at level 0.95.
type ULiRA struct {
	Fit   Fit
	Prior float64
	Level float64 // 0 means 0.95
}

// ULiRAResult holds the games' outcomes.
type ULiRAResult struct {
	// Privacy tells Forgotten from Out by the likelihood ratio: two-sided.
	Privacy *Evaluation `json:"privacy"`
	// Direction tells them apart by (φ−μ_out)/σ_out alone: above ½ forgotten
	// examples look trained on, below ½ they are over-unlearned.
	Direction *Evaluation `json:"direction"`
	// Efficacy tells In from Forgotten and Membership In from Out; nil when
	// there are no In models. Perfect unlearning makes them equal.
	Efficacy   *Evaluation `json:"efficacy,omitempty"`
	Membership *Evaluation `json:"membership,omitempty"`

	Verdict Verdict `json:"verdict"`
	Level   float64 `json:"level"`
}

// Audit fits on the shadows and attacks the targets (see LiRA.Play for why
// they are two sets). The verdict tests Privacy and Direction at half the
// error probability each, so that a perfect unlearner fails with probability
// at most 1 − Level.
func (u ULiRA) Audit(shadows, targets *Shadows) (*ULiRAResult, error) {
	level := orDefault(u.Level, 0.95)
	if err := checkOpen("ULiRA", "Level", level); err != nil {
		return nil, err
	}
	l := LiRA{Game: Privacy, Fit: u.Fit, Prior: u.Prior}
	cfg := EvalConfig{Level: level}
	privacy, err := l.Play(shadows, targets)
	if err != nil {
		return nil, err
	}
	direction, err := l.play(shadows, targets, func(f *fitted, m int) []float64 { return f.standardised(targets.row(m)) })
	if err != nil {
		return nil, err
	}
	r := &ULiRAResult{Level: level}
	if r.Privacy, err = privacy.Evaluate(cfg); err != nil {
		return nil, err
	}
	r.Privacy.Name = "u-lira-privacy"
	if r.Direction, err = direction.Evaluate(cfg); err != nil {
		return nil, err
	}
	r.Direction.Name = "u-lira-direction"
	if hasState(shadows, In) && hasState(targets, In) {
		for _, g := range []struct {
			game Game
			to   **Evaluation
		}{{Efficacy, &r.Efficacy}, {Membership, &r.Membership}} {
			l.Game = g.game
			s, err := l.Play(shadows, targets)
			if err != nil {
				return nil, err
			}
			if *g.to, err = s.Evaluate(cfg); err != nil {
				return nil, err
			}
			(*g.to).Name = "u-lira-" + g.game.String()
		}
	}
	half := 1 - (1-level)/2
	p, err := privacy.auc(half)
	if err != nil {
		return nil, err
	}
	d, err := direction.auc(half)
	if err != nil {
		return nil, err
	}
	r.Verdict = verdict(p, d)
	return r, nil
}

// verdict combines a two-sided distinguisher with a signed one. An interval
// without width, from models that agree to the last digit, is no evidence;
// that of perfect separation has a bound.
func verdict(power, direction Interval) Verdict {
	above := func(i Interval) bool { return i.Low > 0.5 && i.Low < i.High }
	below := func(i Interval) bool { return i.High < 0.5 && i.Low < i.High }
	switch {
	case above(direction):
		return UnderUnlearned
	case below(direction):
		return OverUnlearned
	case above(power):
		return Distinguishable
	}
	return Passed
}

// standardised scores (φ − μ)/σ of the negative state, averaged over
// augmentations.
func (f *fitted) standardised(target []float64) []float64 {
	out := make([]float64, len(target)/f.augs)
	for e := range out {
		for j := e * f.augs; j < (e+1)*f.augs; j++ {
			d := f.density(f.neg, e, j)
			out[e] += (target[j] - d.mean) / d.scale / float64(f.augs)
		}
	}
	return out
}

func hasState(s *Shadows, st State) bool {
	for _, v := range s.State {
		if v == st {
			return true
		}
	}
	return false
}
