package audit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// CanaryRow is what one run shows of its canaries.
type CanaryRow struct {
	Name string `json:"name"`
	// AUC of forgotten canaries above never-seen ones in the logit gap, with DeLong's
	// interval.
	AUC attacks.Interval `json:"auc"`
	// Epsilon bounds from below the ε that forgetting could be certified with at its
	// Delta, with FDP for mechanisms with Gaussian trade-off curves.
	Epsilon attacks.EpsilonBound `json:"epsilon"`
	FDP     attacks.EpsilonBound `json:"epsilon_f_dp"`
	// Quantile is the AUC of the quantile-regression attack, which learns from half of
	// the never-seen ones how large a gap an example has that Reference finds so hard, and
	// compares the other half; nil of fewer than 20 to learn from.
	Quantile *attacks.Interval `json:"quantile,omitempty"`
	// LabelOnly is the AUC of the distance to where labels change, of at most Boundary
	// canaries a side.
	LabelOnly *attacks.Interval `json:"label_only,omitempty"`
}

// Canary is what Canaries plants.
type Canary struct {
	Delta float64 // δ of the ε that is bounded
	// Mislabel gives every canary a wrong class by chance, which a model can only know
	// from having seen it: the canaries that one run shows most of.
	Mislabel bool
	// Boundary is of how many canaries a side the distance to another label is measured,
	// at up to 280 questions each. 0 means 100; below 0 none.
	Boundary int
}

// Canaries audits one run of each method, where an audit's dozens are too dear (after
// Steinke et al., "Privacy Auditing with One (1) Training Run", 2023): each candidate
// is a canary with a fair coin, trained on and forgotten if it shows heads and never
// trained on if tails. All other examples are trained on. The bounds hold for the
// coins alone. Candidates must be set and leave some examples to learn from; Share,
// Shadows and Targets are not used.
func Canaries(ctx context.Context, cfg Config, plant Canary) ([]CanaryRow, error) {
	if cfg.Data != nil && (cfg.Candidates.Len() == 0 || cfg.Candidates.Len() == cfg.Data.Len()) {
		return nil, bad("the %d canaries of %d examples leave nothing to learn from, or are none; set Candidates to some", cfg.Candidates.Len(), cfg.Data.Len())
	}
	cfg.Dir, cfg.Share = "none", 1
	p, err := newPlan(cfg)
	if err != nil {
		return nil, err
	}
	canary := make([]bool, p.Data.Len())
	for _, e := range p.audited {
		canary[e] = true
	}
	m := &probed{plan: p}
	var heads []int // positions among ids
	for e := range p.Data.Len() {
		if canary[e] && purpose.Seed(p.Train.Seed, purpose.Coin, uint64(e))>>63 == 0 {
			continue
		}
		if canary[e] {
			heads = append(heads, len(m.ids))
		}
		m.ids = append(m.ids, e)
	}
	if len(heads) < 2 || len(heads) > len(p.audited)-2 {
		return nil, bad("%d of %d canaries were trained on; some dozens would do", len(heads), len(p.audited))
	}
	if m.forget, err = data.ForgetPositions(len(m.ids), heads); err != nil {
		return nil, err
	}
	all := p.Data
	if plant.Mislabel {
		if all, err = mislabelled(p.Data, p.audited, p.Train.Seed); err != nil {
			return nil, err
		}
	}
	m.train = all.Subset(m.ids)
	var found []canaryAnswers // by variant
	err = p.probe(ctx, []*probed{m}, func(ctx context.Context, m *probed, variant string, w *graph.Tensor) error {
		a := canaryAnswers{variant: variant}
		for i, ids := range [][]int{m.forgotten(), m.unseen()} {
			ds := all.Subset(ids)
			var err error
			if a.gaps[i], err = attacks.Query(ctx, m.classifier(w), attacks.SignalLogitGap, ds.X, ds.Y, ds.Classes, 0); err != nil {
				return err
			}
			if plant.Boundary < 0 {
				continue
			}
			ds = all.Subset(ids[:min(len(ids), cmp.Or(plant.Boundary, 100))])
			if a.distances[i], err = attacks.LabelDistances(ctx, attacks.LabelOnly{Seed: p.Train.Seed}, m.classifier(w), ds.X, ds.Y, p.spread, ds.Classes); err != nil {
				return err
			}
		}
		found = append(found, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	reference := found[slices.Index(p.variants(), Reference)]
	var rows []CanaryRow
	for _, a := range found {
		row, err := a.row(ctx, p, plant, reference)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.variant, err)
		}
		rows = append(rows, *row)
	}
	return rows, nil
}

// canaryAnswers are of forgotten canaries and of never-seen ones.
type canaryAnswers struct {
	variant         string
	gaps, distances [2][]float64
}

func (a canaryAnswers) row(ctx context.Context, p *plan, plant Canary, reference canaryAnswers) (*CanaryRow, error) {
	row := &CanaryRow{Name: a.variant}
	var err error
	if row.AUC, err = attacks.DeLong(a.gaps[0], a.gaps[1], p.Level); err != nil {
		return nil, err
	}
	c := attacks.EpsilonConfig{Delta: plant.Delta, Alpha: math.Round((1-p.Level)*1e12) / 1e12}
	if row.Epsilon, err = attacks.EpsilonOneRun(a.gaps[0], a.gaps[1], c); err != nil {
		return nil, err
	}
	if row.FDP, err = attacks.EpsilonOneRunFDP(a.gaps[0], a.gaps[1], c); err != nil {
		return nil, err
	}
	if plant.Boundary >= 0 {
		v, err := attacks.DeLong(a.distances[0], a.distances[1], p.Level)
		if err != nil {
			return nil, err
		}
		row.LabelOnly = &v
	}
	if learn := len(a.gaps[1]) / 2; learn >= 20 {
		fit, err := attacks.QuantileMIA{Width: 1}.Fit(ctx, reference.gaps[1][:learn], a.gaps[1][:learn])
		if err != nil {
			return nil, err
		}
		above := func(gaps, hard []float64) []float64 {
			out := slices.Clone(gaps)
			for i := range out {
				out[i] -= fit.At(hard[i : i+1])
			}
			return out
		}
		v, err := attacks.DeLong(above(a.gaps[0], reference.gaps[0]), above(a.gaps[1][learn:], reference.gaps[1][learn:]), p.Level)
		if err != nil {
			return nil, err
		}
		row.Quantile = &v
	}
	return row, nil
}

// mislabelled is ds with a wrong class, by chance, for each of some examples.
func mislabelled(ds *data.Dataset, ids []int, seed uint64) (*data.Dataset, error) {
	if ds.Classes < 2 {
		return nil, bad("%d class leaves no wrong one for canaries", ds.Classes)
	}
	out := *ds
	out.Y = slices.Clone(ds.Y)
	for _, e := range ids {
		by := 1 + purpose.Rand(seed, purpose.Mislabel, uint64(e)).Int32N(int32(ds.Classes)-1)
		out.Y[e] = (ds.Y[e] + by) % int32(ds.Classes)
	}
	return &out, nil
}
