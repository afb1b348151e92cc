package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
)

// Run is Train followed by Analyse.
func Run(ctx context.Context, cfg Config) (*Result, error) { return run(ctx, cfg, true) }

// Analyse judges the models whose answers are in the folder, which must be all of
// them. What it found of each variant is kept there, so that an analysis that is
// killed goes on where it was.
func Analyse(ctx context.Context, cfg Config) (*Result, error) { return run(ctx, cfg, false) }

func run(ctx context.Context, cfg Config, train bool) (r *Result, err error) {
	p, err := newPlan(cfg)
	if err != nil {
		return nil, err
	}
	f, err := openFolder(p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if train {
		if err := p.train(ctx, f); err != nil {
			return nil, err
		}
	}
	return p.analyse(ctx, f)
}

// analysis is what the rows of a result need in common.
type analysis struct {
	*plan
	folder    *folder
	design    *verdict.Design
	before    *verdict.Answers
	retrained *verdict.Answers // replayed
	reference *verdict.Answers // with other seeds
	scale     *calibration
	picked    *picked
	digests   [fixed]string // of the answers of the variants that each row is compared with

	vulnerable []bool // of candidates: models know them by heart
}

// analyse goes through the variants one by one.
func (p *plan) analyse(ctx context.Context, f *folder) (*Result, error) {
	r := &Result{Setup: f.setup, Fit: p.Fit.String(), Level: p.Level}
	r.PerExample.Out, r.PerExample.In, r.PerExample.Forgotten = counts(p.Shadows, p.Share)
	for i, y := range p.Data.Y {
		r.ids, r.labels = append(r.ids, p.Data.Key(i)), append(r.labels, int(y))
	}
	if err := p.complete(f); err != nil {
		return nil, err
	}
	a := &analysis{plan: p, folder: f, design: p.verdictDesign(), picked: p.pick()}
	var err error
	for i, to := range []**verdict.Answers{&a.before, &a.retrained, &a.reference} {
		if *to, a.digests[i], err = p.load(f, i); err != nil {
			return nil, err
		}
	}
	if err := a.calibrate(); err != nil {
		return nil, err
	}
	var samples [2]attacks.Sample // before, retrained
	for v, name := range p.variants() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("audit: analysing %s: %w", name, err)
		}
		method := [fixed]*verdict.Answers{a.before, a.retrained, a.reference}
		var answers *verdict.Answers
		var digest string
		if v < fixed {
			answers, digest = method[v], a.digests[v]
		} else if answers, digest, err = p.load(f, v); err != nil {
			return nil, err
		}
		key := a.rowKey(name, digest)
		row, err := a.kept(name, key)
		if err == nil && row == nil {
			row, err = a.row(ctx, name, answers)
		}
		if err != nil {
			return nil, fmt.Errorf("audit: %s: %w", name, err)
		}
		if v == 0 {
			a.vulnerable = verdict.MostMemorised(row.Verdict.Exposures)
		}
		if row.Besides == nil {
			if err := a.addBesides(ctx, row, answers, key); err != nil {
				return nil, fmt.Errorf("audit: %s: %w", name, err)
			}
		}
		if v >= fixed {
			if _, nothing := p.Methods[v-fixed].Method.(NoOp); !nothing {
				row.Refused = a.unchanged(answers)
			}
		}
		sample := a.picked.sample(name, a.scale, p.signals(answers))
		if v < len(samples) {
			samples[v] = sample
		} else if row.report, err = a.report(r, row, samples, sample); err != nil {
			return nil, fmt.Errorf("audit: report on %s: %w", name, err)
		}
		r.Rows = append(r.Rows, *row)
	}
	return r, nil
}

// unchanged counts the models that answer as before, bit for bit.
func (a *analysis) unchanged(answers *verdict.Answers) int {
	n, models := 0, a.Shadows+a.Targets
	for m := range models {
		same := true
		for q, z := range answers.Logits {
			of := len(z) / models
			same = same && slices.Equal(z[m*of:(m+1)*of], a.before.Logits[q][m*of:(m+1)*of])
		}
		if same {
			n++
		}
	}
	return n
}

// beside returns the retrained models that a variant is compared with: with replayed
// retraining if they are those of other seeds, and with these if not.
func (a *analysis) beside(answers *verdict.Answers) *verdict.Answers {
	if answers == a.reference {
		return a.retrained
	}
	return a.reference
}

// row judges one variant.
func (a *analysis) row(ctx context.Context, name string, answers *verdict.Answers) (*Row, error) {
	row := &Row{Name: name}
	reference := a.beside(answers)
	var err error
	row.Verdict, err = a.judge().Judge(ctx, a.design, verdict.Models{Method: answers, Reference: reference, Before: a.before})
	if err != nil {
		return nil, err
	}
	var pools [2]*attacks.Shadows
	for i := range pools {
		if pools[i], err = a.design.Shadows(answers, i); err != nil {
			return nil, err
		}
	}
	if row.ULiRA, err = (attacks.ULiRA{Fit: a.Fit, Level: a.Level}).Audit(ctx, pools[0], pools[1]); err != nil {
		return nil, err
	}
	return row, row.compare(a.forgotten(answers), a.forgotten(reference), len(a.audited), a.Level, a.Train.Seed)
}

// report puts a method beside before and retrained, one model for each example.
func (a *analysis) report(r *Result, row *Row, samples [2]attacks.Sample, sample attacks.Sample) (*attacks.Report, error) {
	report, err := attacks.NewReport(samples[0], samples[1], sample, attacks.ReportConfig{
		Title: "Audit of " + row.Name, Signal: "standardised " + attacks.SignalLogitGap.String(), Level: a.Level,
		Epsilon: attacks.EpsilonConfig{Delta: 1e-5, Seed: a.Train.Seed},
	})
	if err != nil {
		return nil, err
	}
	row.Epsilon = &report.Rows[2].Epsilon
	report.Verdict, report.ULiRA, report.KLOM, report.Forgetting = row.Verdict, row.ULiRA, row.KLOM, row.Forgetting
	report.Notes = append(report.Notes, r.heading(),
		"Each example is scored under one target model, drawn at random, by its logit gap in standard deviations from what retrained shadow models that never saw it answer.")
	return report, nil
}

// verdictDesign says what all models did, shadows first.
func (p *plan) verdictDesign() *verdict.Design {
	d := &verdict.Design{
		Classes: p.Data.Classes, Labels: p.Data.Y, Audited: p.audited,
		Near: nearest(p.Data, p.audited, p.spread, p.Workers),
	}
	for i, pool := range p.pools {
		for m := range pool.models {
			d.State, d.Pool = append(d.State, pool.row(m)...), append(d.Pool, i)
		}
	}
	return d
}

// load reads one variant of all models, and returns a digest of it too.
func (p *plan) load(f *folder, variant int) (*verdict.Answers, string, error) {
	a := &verdict.Answers{Logits: make([][]float32, 1+len(p.Queries))}
	h := sha256.New()
	var numbers []float32
	for _, d := range p.pools {
		for m := range d.models {
			block, err := f.getBlock(d.file(m)+".npy", variant, len(p.variants()), p.rows(), p.Data.Classes)
			if err != nil {
				return nil, "", err
			}
			h.Write(block)
			numbers = appendNumbers(numbers[:0], block)
			rest := numbers
			for q := range a.Logits {
				n := p.Data.Len()
				if q > 0 {
					n = len(p.audited)
				}
				a.Logits[q] = append(a.Logits[q], rest[:n*p.Data.Classes]...)
				rest = rest[n*p.Data.Classes:]
			}
		}
	}
	return a, hex.EncodeToString(h.Sum(nil)), nil
}

// signals returns the logit gaps of the candidates themselves, without copies,
// shadows and targets in one.
func (p *plan) signals(a *verdict.Answers) *attacks.Shadows {
	s := &attacks.Shadows{Models: p.Shadows + p.Targets, Examples: len(p.audited)}
	z, n, k := a.Logits[0], p.Data.Len(), p.Data.Classes
	m := 0
	row := make([]float64, k)
	for _, d := range p.pools {
		for i := range d.models {
			for _, e := range p.audited {
				for c, v := range z[(m*n+e)*k : (m*n+e+1)*k] {
					row[c] = float64(v)
				}
				s.Signal = append(s.Signal, gapOf(row, int(p.Data.Y[e])))
				s.State = append(s.State, d.row(i)[e])
			}
			m++
		}
	}
	return s
}

// gapOf is the logit gap of one example.
func gapOf(z []float64, y int) float64 {
	phi, err := attacks.LogitGap(z, len(z), []int{y})
	if err != nil {
		panic(fmt.Sprintf("audit: logits that were checked: %v", err))
	}
	return phi[0]
}

// forgotten gathers the signals of each candidate under the models that forgot it,
// [models, candidates]. All candidates have been forgotten equally often.
func (p *plan) forgotten(a *verdict.Answers) []float64 {
	s := p.signals(a)
	n := len(p.audited)
	at := make([]int, n)
	var out []float64
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
