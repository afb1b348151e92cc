package audit

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Run is Train followed by Analyse.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	p, err := newPlan(cfg)
	if err != nil {
		return nil, err
	}
	f, err := openFolder(p.Dir, p.setup)
	if err != nil {
		return nil, err
	}
	if err := p.train(ctx, f); err != nil {
		return nil, err
	}
	return p.analyse(ctx, f)
}

// Analyse attacks the models whose signals are in the folder, which must be all
// of them.
func Analyse(ctx context.Context, cfg Config) (*Result, error) {
	p, err := newPlan(cfg)
	if err != nil {
		return nil, err
	}
	f, err := openFolder(p.Dir, p.setup)
	if err != nil {
		return nil, err
	}
	return p.analyse(ctx, f)
}

// analyse goes through the variants one by one: retrained first, since the
// others are compared with it.
func (p *plan) analyse(ctx context.Context, f *folder) (*Result, error) {
	r := &Result{Setup: f.setup, Fit: p.Fit.String(), Level: p.Level}
	r.PerExample.Out, r.PerExample.In, r.PerExample.Forgotten = counts(p.Shadows, p.Share)
	variants := p.variants()
	rows := make([]Row, len(variants))
	picked := p.pick()
	var retrained []float64 // signals of forgotten examples, as KLOM wants them
	var scale *calibration
	samples := make([]attacks.Sample, len(variants))
	order := []int{1, 0}
	for v := 2; v < len(variants); v++ {
		order = append(order, v)
	}
	for _, v := range order {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("audit: analysing %s: %w", variants[v], err)
		}
		shadows, targets, err := p.load(f, v)
		if err != nil {
			return nil, err
		}
		row := &rows[v]
		row.Name = variants[v]
		fail := func(err error) (*Result, error) { return nil, fmt.Errorf("audit: %s: %w", row.Name, err) }
		if row.ULiRA, err = (attacks.ULiRA{Fit: p.Fit, Level: p.Level}).Audit(ctx, shadows, targets); err != nil {
			return fail(err)
		}
		forgotten := p.forgotten(shadows, targets)
		if v == 1 {
			retrained = forgotten
			scale = calibrate(shadows)
		} else if err := row.compare(forgotten, retrained, len(p.audited), p.Level, p.Train.Seed); err != nil {
			return fail(err)
		}
		samples[v] = picked.sample(row.Name, scale, targets)
	}
	for v := range rows {
		if v < 2 {
			continue
		}
		report, err := attacks.NewReport(samples[0], samples[1], samples[v], attacks.ReportConfig{
			Title: "Audit of " + rows[v].Name, Signal: "standardised " + signal.String(), Level: p.Level,
			Epsilon: attacks.EpsilonConfig{Delta: 1e-5, Seed: p.Train.Seed},
		})
		if err != nil {
			return nil, fmt.Errorf("audit: report on %s: %w", rows[v].Name, err)
		}
		report.ULiRA, report.KLOM, report.Forgetting = rows[v].ULiRA, rows[v].KLOM, rows[v].Forgetting
		report.Notes = append(report.Notes, r.heading(),
			"Each example is scored under one target model, drawn at random, by its logit gap in standard deviations from what retrained shadow models that never saw it answer.")
		rows[v].report = report
	}
	r.Rows = rows
	return r, nil
}

// load reads one variant of all models.
func (p *plan) load(f *folder, variant int) (shadows, targets *attacks.Shadows, err error) {
	n := len(p.audited)
	var pools [2]*attacks.Shadows
	for i, d := range p.pools {
		s := &attacks.Shadows{Models: d.models, Examples: n, Signal: make([]float64, 0, d.models*n), State: make([]attacks.State, 0, d.models*n)}
		for m := range d.models {
			phi, err := f.getRow(d.file(m)+".npy", variant, len(p.variants()), n)
			if err != nil {
				return nil, nil, err
			}
			s.Signal = append(s.Signal, phi...)
			for _, e := range p.audited {
				s.State = append(s.State, d.row(m)[e])
			}
			s.Group = append(s.Group, int(d.pool)<<32|m)
		}
		pools[i] = s
	}
	return pools[0], pools[1], nil
}

// forgotten gathers the signals of each example under the models that forgot
// it, [models, examples]. All examples have been forgotten equally often.
func (p *plan) forgotten(pools ...*attacks.Shadows) []float64 {
	n := len(p.audited)
	at := make([]int, n)
	var out []float64
	for _, s := range pools {
		for i, st := range s.State {
			if st != attacks.Forgotten {
				continue
			}
			e := i % n
			if at[e]*n == len(out) {
				out = append(out, make([]float64, n)...)
			}
			out[at[e]*n+e] = s.Signal[i]
			at[e]++
		}
	}
	return out
}

// compare measures the distance of the forgotten examples' signals from those
// under retrained models, both [models, n] and of the same training sets.
func (row *Row) compare(forgotten, retrained []float64, n int, level float64, seed uint64) error {
	var err error
	if row.KLOM, err = (attacks.KLOM{}).Score(forgotten, retrained, n); err != nil {
		return err
	}
	// Two models of one training set are more alike than two others, and the
	// null of the forgetting quality deals all alike: take one of each set.
	var u, v []float64
	for m := range len(forgotten) / n {
		if m%2 == 0 {
			u = append(u, forgotten[m*n:(m+1)*n]...)
		} else {
			v = append(v, retrained[m*n:(m+1)*n]...)
		}
	}
	if len(v) < 2*n {
		return nil
	}
	row.Forgetting, err = attacks.ForgettingQuality{Level: level, Seed: seed}.Score(u, v, n)
	return err
}
