package verdict

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Kept says how much of what the models before unlearning show of forgotten examples a
// method's models still show, as seen by an auditor who replays each run without them.
//
// What replayed retraining answers explains chance that a method shares with it, such as
// that of initial parameters and order. Without that chance far smaller traces are found
// than by whoever has the method's models alone, so small ones that a verdict is
// undecided about. Models of other seeds share none, and nothing is gained with them.
type Kept struct {
	// Share is of the answers' shift, weighed by what there is to forget, that of the
	// models before unlearning being 1; below 0 for answers that are pushed to the other
	// side. It is missing where these show nothing. Outside of Low and High the test, with
	// the whole error probability 1 − Level for itself, finds a share.
	Share Measure `json:"share"`
	P     float64 `json:"p"`
}

// Kept measures what a method keeps. Models.Reference must be replayed retraining: of the
// same runs as the method's models, one for each. It is no part of a verdict: it finds
// what rounding leaves, too.
//
// A method that leaves what retraining leaves depends, as does replayed retraining, on
// which examples it retains and how many it forgets. So does any combination of both that
// is chosen without knowing which: the answers of the method less β times those of
// replayed retraining, with the β in [0, 1] of least squares over all answers to examples
// that a model does not retain. What comes out is compared with what other deals have, as
// in a verdict's privacy.
func (c Config) Kept(ctx context.Context, d *Design, m Models) (*Kept, error) {
	c, l, err := c.prepare(d, m, "of replayed retraining")
	if err != nil {
		return nil, err
	}
	s := l.newStrata(-1)
	if s.len() == 0 {
		return nil, fmt.Errorf("verdict: no example is forgotten by some models and unseen by others: %w", errNothingDealt)
	}
	replayed := l.newBeside(s, m.Reference)
	features := [2][]float64{replayed.feature(m.Method), replayed.feature(m.Before)}
	dealer, sums := newDealer(s, l.models, c.Seed), matrix(len(features), c.deals())
	err = parallel(ctx, c.deals(), func(r int) {
		dealer.deal(r, func(_ int, slots []int) {
			for f, x := range features {
				for _, j := range slots {
					sums[f][r] += x[j]
				}
			}
		})
	})
	if err != nil {
		return nil, err
	}
	far, mean, sd := distances(sums[0])
	farBefore, meanBefore, _ := distances(sums[1])
	var one, before family
	one.add("kept", far)
	before.add("before", farBefore)
	test, o := newTest("kept", &one, c.alpha())
	k := &Kept{Share: Measure{attacks.Missing(), attacks.Missing(), attacks.Missing()}, P: test.P}
	unit := sums[1][0] - meanBefore
	if shown, _ := newTest("before", &before, c.alpha()); !shown.Found || unit <= 0 {
		return k, nil
	}
	half := 0.0
	if sd > 0 {
		half = o.beyond() * sd / unit
	}
	k.Share = Measure{attacks.Float((sums[0][0] - mean) / unit), attacks.Float(-half), attacks.Float(half)}
	return k, nil
}

// beside holds replayed retraining's logit gaps, that others are seen beside.
type beside struct {
	*layout
	strata *strata
	gaps   []float64
	own    *residuals
	weight []float64 // of audited examples, by what there is to forget
}

func (l *layout) newBeside(s *strata, replayed *Answers) *beside {
	b := &beside{layout: l, strata: s, gaps: l.gaps(s, replayed, 0), own: l.newResiduals(s, replayed, 0)}
	b.weight = l.newRetained(replayed).memorised(s, b.own)
	return b
}

// feature returns, for each slot, how far the answer lies from what replayed retraining
// explains, in standard deviations of that, weighed.
func (b *beside) feature(a *Answers) []float64 {
	x, r := b.layout.gaps(b.strata, a, 0), b.newResiduals(b.strata, a, 0)
	both, squares := 0.0, 0.0
	for j, v := range b.own.raw {
		both += v * r.raw[j]
		squares += v * v
	}
	if squares > 0 {
		beta := clamp(max(both/squares, 0), 1)
		for j := range x {
			x[j] -= beta * b.gaps[j]
		}
	}
	rest := b.residualsOf(b.strata, x).raw
	for k, i := range b.strata.audited {
		part := rest[b.strata.start[k]:b.strata.start[k+1]]
		for j, v := range part {
			part[j] = b.weight[i] * clamp(over(v, b.own.sd[i]), 2*most)
		}
	}
	return rest
}
