package attacks

import (
	"context"
	"math"
	"slices"
)

// RetainedHarm is what forgetting some examples does to the privacy of those that
// stay: how much better a method's models show that they were trained on what they
// retain than models that were retrained without the forgotten examples.
//
// Forgetting may harm others. A method that trains longer on what it retains knows it
// better by heart, and whoever takes an example away makes those like it rarer, so
// that models learn these by heart instead (Carlini et al., "The Privacy Onion Effect:
// Memorization is Relative", NeurIPS 2022). Retraining pays the second price as well; the
// difference is the method's own.
type RetainedHarm struct {
	// Method and Retrained are the AUCs of the game Membership: of retained examples
	// against never-seen ones, under targets, by an attack that learned from shadows of the
	// same kind.
	Method    Interval `json:"method"`
	Retrained Interval `json:"retrained"`
	// Difference is Method − Retrained: above 0 the method exposes those who stay. Its
	// interval is of the two curves together, clustered by target model or by example,
	// whichever is wider.
	Difference Interval `json:"difference"`
}

// Pools are the models that attacks learn from and those that they attack.
type Pools struct{ Shadows, Targets *Shadows }

// MeasureRetainedHarm plays an attack against a method's models and against retrained
// ones. Both must hold the same models, examples, states and groups: the retrained model of
// each row was trained on what the method's retains. level is that of all three
// intervals, 0 means 0.95. Errors are Play's, and wrap ErrShape where the two are not of the
// same models.
func MeasureRetainedHarm(ctx context.Context, a Attack, method, retrained Pools, level float64) (*RetainedHarm, error) {
	const op = "MeasureRetainedHarm"
	level = orDefault(level, 0.95)
	if err := checkOpen(op, "level", level); err != nil {
		return nil, err
	}
	played := [2]*GameScores{}
	for i, p := range []Pools{method, retrained} {
		var err error
		if played[i], err = Play(ctx, a, p.Shadows, p.Targets, Membership); err != nil {
			return nil, failWrap([]string{"method", "retrained"}[i], err)
		}
	}
	for i, of := range [][2]*Shadows{{method.Shadows, retrained.Shadows}, {method.Targets, retrained.Targets}} {
		if !of[0].sameDeal(of[1]) {
			return nil, failf(op, ErrShape, "the method's %s and the retrained ones differ in what they retain; give both for the same models and examples, in one order", []string{"shadows", "targets"}[i])
		}
	}
	h := &RetainedHarm{}
	var err error
	if h.Method, err = played[0].auc(level); err != nil {
		return nil, err
	}
	if h.Retrained, err = played[1].auc(level); err != nil {
		return nil, err
	}
	h.Difference, err = played[0].aucAbove(played[1], level)
	return h, err
}

// sameDeal reports whether both are of the same models, which did the same with the
// same examples.
func (s *Shadows) sameDeal(o *Shadows) bool {
	if s.Models != o.Models || s.Examples != o.Examples || !slices.Equal(s.State, o.State) {
		return false
	}
	for m := range s.Models {
		if s.group(m) != o.group(m) {
			return false
		}
	}
	return true
}

// aucAbove is the difference of the AUCs of two games of the same models, examples
// and states.
func (g *GameScores) aucAbove(other *GameScores, level float64) (Interval, error) {
	const op = "MeasureRetainedHarm"
	d, err := newPlacements(op, g.Positive, g.Negative)
	if err != nil {
		return Interval{}, err
	}
	o, err := newPlacements(op, other.Positive, other.Negative)
	if err != nil {
		return Interval{}, err
	}
	d.auc -= o.auc
	for i := range d.in {
		d.in[i] -= o.in[i]
	}
	for j := range d.out {
		d.out[j] -= o.out[j]
	}
	wider := Interval{Estimate: d.auc, Level: level}
	half := -1.0
	for _, by := range []struct {
		name    string
		in, out []int
	}{{"delong-paired-by-model", g.PositiveGroup, g.NegativeGroup}, {"delong-paired-by-example", g.PositiveExample, g.NegativeExample}} {
		se, k, err := d.clusteredError(op, by.in, by.out)
		if err != nil {
			return Interval{}, err
		}
		if h := studentQuantile(0.5+level/2, k-1) * se; h > half {
			half, wider.Method = h, by.name
		}
	}
	wider.Low, wider.High = math.Max(d.auc-half, -1), math.Min(d.auc+half, 1)
	wider.Degenerate = half == 0
	return wider, nil
}
