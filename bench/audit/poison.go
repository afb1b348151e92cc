package audit

import (
	"context"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/graph"
)

// PoisonRow is what the models of one variant know of noise that only what they were
// asked to forget had.
type PoisonRow struct {
	Name   string                `json:"name"`
	Poison *attacks.PoisonResult `json:"poison"`
}

// Poison is the Gaussian poisoning test of unlearning, see attacks.Poison: each of the
// Targets models trains on its examples with noise on those that it will be asked to
// forget. Before unlearning the models must know the noise, and retrained ones must
// not. Shadows are not used.
func Poison(ctx context.Context, cfg Config, noise attacks.Poison) ([]PoisonRow, error) {
	p, found, err := probeTargets(ctx, cfg, func(p *plan, m *probed) {
		f := p.Data.Features()
		for i := range m.forget.All() {
			for j, v := range noise.Noise(m.ids[i], p.spread) {
				m.train.X[i*f+j] += v
			}
		}
	}, func(ctx context.Context, m *probed, w *graph.Tensor) (*attacks.PoisonResult, error) {
		clean := m.Data.Subset(m.forgotten())
		return attacks.PoisonScore(ctx, noise, m.classifier(w), clean.X, clean.Y, m.forgotten(), m.spread, m.Data.Classes)
	})
	if err != nil {
		return nil, err
	}
	var rows []PoisonRow
	for _, v := range p.variants() {
		var all []*attacks.PoisonResult
		for _, x := range found {
			all = append(all, x[v])
		}
		r, err := attacks.PooledPoison(all...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, PoisonRow{v, r})
	}
	return rows, nil
}
