package audit

import (
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Probes look at models that an audit has no answers of: that were trained on
// something else, or that are trained on afterwards. They train models as an audit's
// targets, keep nothing, and cannot be resumed.

// probed is one model of a probe.
type probed struct {
	*plan
	index  int
	ids    []int // positions in the plan's data of what it trains on
	forget data.ForgetSet
	train  *data.Dataset

	run *nets.Run // while its variants are made, nil before and afterwards
}

// forgotten returns the positions in the plan's data of what the model forgets.
func (m *probed) forgotten() []int {
	var out []int
	for i := range m.forget.All() {
		out = append(out, m.ids[i])
	}
	return out
}

// unseen returns the candidates that it never trains on.
func (m *probed) unseen() []int {
	return slices.DeleteFunc(slices.Clone(m.audited), func(e int) bool { return slices.Contains(m.ids, e) })
}

// probe trains models and hands every variant of each to see, models concurrently and
// the variants of one in order.
func (p *plan) probe(ctx context.Context, models []*probed, see func(ctx context.Context, m *probed, variant string, w *graph.Tensor) error) error {
	err := p.each(ctx, len(models), func(ctx context.Context, i int) error {
		m := models[i]
		run, records, err := p.base(ctx, bench.NoKeeper, m.train, p.pools[1].modelSeed(m.index))
		if err != nil {
			return err
		}
		m.run = run
		defer func() { m.run = nil }() // so that no more than Workers runs are in memory
		return p.forgetting(ctx, run, records, m.forget, 0, func(name string, w *graph.Tensor) error { return see(ctx, m, name, w) })
	}, func(int) {})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// targets returns the models of an audit's targets.
func (p *plan) targets() ([]*probed, error) {
	var out []*probed
	for m := range p.pools[1].models {
		ids, forget, err := p.pools[1].trained(m)
		if err != nil {
			return nil, err
		}
		out = append(out, &probed{plan: p, index: m, ids: ids, forget: forget, train: p.Data.Subset(ids)})
	}
	return out, nil
}

// probeTargets trains the models of an audit's targets, on what prepare makes of their
// data, and returns what see finds of every variant of each, by the variant's name.
func probeTargets[T any](ctx context.Context, c Config, prepare func(p *plan, m *probed), see func(ctx context.Context, m *probed, w *graph.Tensor) (T, error)) (*plan, []map[string]T, error) {
	c.Dir = "none" // nothing is kept
	p, err := newPlan(c)
	if err != nil {
		return nil, nil, err
	}
	models, err := p.targets()
	if err != nil {
		return nil, nil, err
	}
	found := make([]map[string]T, len(models))
	for i, m := range models {
		found[i] = map[string]T{}
		if prepare != nil {
			prepare(p, m)
		}
	}
	err = p.probe(ctx, models, func(ctx context.Context, m *probed, variant string, w *graph.Tensor) error {
		x, err := see(ctx, m, w)
		found[m.index][variant] = x
		return err
	})
	return p, found, err
}

// classifier is a variant as something to ask.
func (m *probed) classifier(w *graph.Tensor) nets.Classifier {
	return nets.Classifier{Model: m.run.Model, Params: w}
}
