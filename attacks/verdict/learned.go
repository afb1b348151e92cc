package verdict

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// learned plays attacks that learn from the shadows against the targets: forgotten
// against never seen. What they have learned is fixed when the targets' deal is
// varied.
type learned struct {
	*layout
	strata  *strata // of the targets
	family  family
	effects []attackEffect
	worst   effect // of the exposed tenth: its sum of ranks, each towards its own direction
	keep    []bool // which audited examples these are
	up      []bool // and which of them looked trained on
}

// attackEffect is an attack's AUC over the targets, and what other deals have.
type attackEffect struct {
	name          string
	auc, mean, sd float64
}

// Shadows returns the answers of the models of one pool as attacks take them: the
// audited examples, a logit gap and logits for each query, which stand for
// augmentations.
func (d *Design) Shadows(a *Answers, pool int) (*attacks.Shadows, error) {
	l, err := d.layout()
	if err != nil {
		return nil, err
	}
	if err := l.check("", a); err != nil {
		return nil, err
	}
	return l.shadows(a, pool), nil
}

func (l *layout) shadows(a *Answers, pool int) *attacks.Shadows {
	s := &attacks.Shadows{Examples: len(l.audited), Augs: len(a.Logits), Classes: l.Classes}
	for _, e := range l.audited {
		s.Labels = append(s.Labels, l.Labels[e])
	}
	for m := range l.models {
		if l.pool(m) != pool {
			continue
		}
		s.Models++
		s.Group = append(s.Group, m)
		for _, e := range l.audited {
			s.State = append(s.State, l.state(m, e))
			for q := range a.Logits {
				z := l.row(a, q, m, e)
				s.Signal = append(s.Signal, gap(z, l.Labels[e]))
				s.Logits = append(s.Logits, z...)
			}
		}
	}
	return s
}

func (l *layout) newLearned(ctx context.Context, cfg Config, method *Answers) (*learned, error) {
	t := &learned{layout: l, strata: l.newStrata(1)}
	if !l.hasTargets() || t.strata.len() == 0 {
		return t, nil
	}
	shadows, targets := l.shadows(method, 0), l.shadows(method, 1)
	if err := shadows.Validate(); err != nil {
		return nil, fmt.Errorf("verdict: shadows: %w", err)
	}
	row := map[int32]int{} // of a target model among the targets
	for i, m := range targets.Group {
		row[int32(m)] = i
	}
	var features []linear
	for _, a := range cfg.Attacks {
		scorer, err := a.Learn(ctx, shadows, attacks.Privacy)
		if err != nil {
			return nil, fmt.Errorf("verdict: attack %s: %w", a.Name(), err)
		}
		scores := make([][]float64, targets.Models)
		for m := range scores {
			if scores[m], err = scorer.Score(targets.Answers(m)); err != nil {
				return nil, fmt.Errorf("verdict: attack %s: %w", a.Name(), err)
			}
			if len(scores[m]) != targets.Examples {
				return nil, &attacks.ShapeError{Op: "attack " + a.Name(), Arg: "scores", Got: len(scores[m]), Want: targets.Examples}
			}
		}
		x := make([]float64, len(t.strata.model))
		for k, i := range t.strata.audited {
			for j := t.strata.start[k]; j < t.strata.start[k+1]; j++ {
				if x[j] = scores[row[t.strata.model[j]]][i]; math.IsNaN(x[j]) {
					return nil, fmt.Errorf("verdict: attack %s: the score of example %d is NaN: %w", a.Name(), l.audited[i], attacks.ErrNotFinite)
				}
			}
		}
		features = append(features, linear{a.Name(), rankAll(x)}, linear{a.Name() + ", top 1%", topShare(x, 0.01)})
	}
	exposed := t.exposed(method)
	if exposed != nil {
		features = append(features, *exposed)
	}
	if len(features) == 0 {
		return t, nil
	}
	deals, dealer := cfg.deals(), newDealer(t.strata, l.models, cfg.Seed)
	sums := matrix(len(features), deals)
	err := parallel(ctx, deals, func(r int) {
		dealer.deal(r, func(_ int, slots []int) {
			for f := range features {
				for _, j := range slots {
					sums[f][r] += features[f].feature[j]
				}
			}
		})
	})
	if err != nil {
		return nil, err
	}
	forgotten, n := 0.0, float64(len(t.strata.model))
	for _, f := range t.strata.forgotten {
		forgotten += float64(f)
	}
	for f, x := range sums {
		d, mean, sd := distances(x)
		t.family.add(features[f].name, d)
		if features[f].name == exposedTenth {
			t.worst = effect{x[0], mean, sd}
		} else if f%2 == 0 {
			auc := func(rankSum float64) float64 {
				return (rankSum - forgotten*(forgotten-1)/2) / (forgotten * (n - forgotten))
			}
			t.effects = append(t.effects, attackEffect{cfg.Attacks[f/2].Name(), auc(x[0]), auc(mean), sd / (forgotten * (n - forgotten))})
		}
	}
	return t, nil
}

const exposedTenth = "logit gap, most exposed tenth of the shadows"

// exposed ranks, under the targets, the tenth of the examples that looked most
// exposed under the shadows, up or down: what is found there is no chance of having
// looked at many examples.
func (t *learned) exposed(method *Answers) *linear {
	s := t.newStrata(0)
	if s.len() == 0 {
		return nil
	}
	z := make([]float64, len(t.audited))
	variance := make([]float64, len(z))
	for q := range method.Logits {
		r := t.newResiduals(s, method, q)
		for k, i := range s.audited {
			n, f := float64(s.start[k+1]-s.start[k]), float64(s.forgotten[k])
			for j := s.start[k]; j < s.start[k+1]; j++ {
				if s.isForgot[j] {
					z[i] += r.scaled[j]
				}
				variance[i] += f * (n - f) / n / (n - 1) * r.scaled[j] * r.scaled[j]
			}
		}
	}
	size := make([]float64, len(z))
	t.up = make([]bool, len(z))
	for i := range z {
		if variance[i] > 0 {
			size[i] = math.Abs(z[i]) / math.Sqrt(variance[i])
		}
		t.up[i] = z[i] >= 0
	}
	t.keep = tenth(size)
	x := ranks(t.strata, t.newResiduals(t.strata, method, 0).raw)
	for k, i := range t.strata.audited {
		part := x[t.strata.start[k]:t.strata.start[k+1]]
		for j := range part {
			switch {
			case !t.keep[i]:
				part[j] = 0
			case !t.up[i]:
				part[j] = float64(len(part)-1) - part[j]
			}
		}
	}
	return &linear{exposedTenth, x}
}

// measure is the AUC of the exposed tenth, each example towards the direction that
// the shadows showed.
func (t *learned) measure(o outcome) Measure {
	if t.keep == nil {
		return Measure{attacks.Missing(), attacks.Missing(), attacks.Missing()}
	}
	half := o.beyond() * t.worst.sd
	if t.worst.sd == 0 {
		half = 0
	}
	auc := func(x float64) attacks.Float { return attacks.Float(t.strata.auc(x, t.keep)) }
	return Measure{auc(t.worst.value), max(auc(t.worst.mean-half), 0), min(auc(t.worst.mean+half), 1)}
}

// rankAll returns ranks from 0 over all values, ties sharing theirs.
func rankAll(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}

// topShare marks the given share of the largest values.
func topShare(x []float64, share float64) []float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	limit := s[len(s)-max(int(share*float64(len(s))), 1)]
	out := make([]float64, len(x))
	for i, v := range x {
		if v >= limit {
			out[i] = 1
		}
	}
	return out
}
