package attacks

import "context"

// Finding is what a test found. It speaks of one test only: whether a method
// passes an audit, package verdict says.
type Finding string

// The findings. NothingFound means that no difference was found at this sample
// size, never that there is none.
const (
	NothingFound    Finding = "nothing found"
	UnderUnlearned  Finding = "under-unlearned" // forgotten examples still look trained on
	OverUnlearned   Finding = "over-unlearned"  // they look worse than never seen
	Distinguishable Finding = "distinguishable" // a difference without a direction
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

	Finding Finding `json:"finding"`
	Level   float64 `json:"level"` // of the finding; the two tests share its error
}

// Audit fits on the shadows and attacks the targets (see Play for why they are two
// sets). The finding tests Privacy and Direction at half the error probability
// each, which is the level of the intervals shown of all games, so that a perfect
// unlearner is flagged with probability at most 1 − Level.
func (u ULiRA) Audit(ctx context.Context, shadows, targets *Shadows) (*ULiRAResult, error) {
	level := orDefault(u.Level, 0.95)
	if err := checkOpen("ULiRA", "Level", level); err != nil {
		return nil, err
	}
	cfg := EvalConfig{Level: 1 - complement(level)/2}
	lira := LiRA{Fit: u.Fit, Prior: u.Prior}
	r := &ULiRAResult{Level: level}
	games := []struct {
		name   string
		attack Attack
		game   Game
		to     **Evaluation
	}{
		{"privacy", lira, Privacy, &r.Privacy},
		{"direction", Direction{Fit: u.Fit, Prior: u.Prior}, Privacy, &r.Direction},
		{"efficacy", lira, Efficacy, &r.Efficacy},
		{"membership", lira, Membership, &r.Membership},
	}
	for _, g := range games {
		if g.game != Privacy && !(hasState(shadows, In) && hasState(targets, In)) {
			continue
		}
		scores, err := Play(ctx, g.attack, shadows, targets, g.game)
		if err != nil {
			return nil, err
		}
		if *g.to, err = scores.Evaluate(cfg); err != nil {
			return nil, err
		}
		(*g.to).Name = "u-lira-" + g.name
	}
	r.Finding = finding(r.Privacy.AUC, r.Direction.AUC)
	return r, nil
}

// finding combines a two-sided distinguisher with a signed one. An interval
// without width, from models that agree to the last digit, is no evidence;
// that of perfect separation has a bound.
func finding(power, direction Interval) Finding {
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
	return NothingFound
}

func hasState(s *Shadows, st State) bool {
	for _, v := range s.State {
		if v == st {
			return true
		}
	}
	return false
}
