package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"codeberg.org/sbinet/npyio"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Train makes the models that the folder does not hold yet and keeps their
// signals. It may be interrupted at any time: what is whole stays.
func Train(ctx context.Context, cfg Config) error {
	p, err := newPlan(cfg)
	if err != nil {
		return err
	}
	f, err := openFolder(p)
	if err != nil {
		return err
	}
	return errors.Join(p.train(ctx, f), f.close())
}

// train makes what is missing in f.
func (p *plan) train(ctx context.Context, f *folder) error {
	var todo []*member
	for _, d := range p.pools {
		for m := range d.models {
			_, err := f.get(d.file(m) + ".npy")
			have := 0
			if err == nil {
				have, err = p.has(f, d.file(m)+".npy")
			}
			switch {
			case err != nil && !errors.Is(err, ErrIncomplete):
				return err
			case err != nil || have < len(p.variants()):
				todo = append(todo, &member{plan: p, folder: f, design: d, index: m, have: have})
			}
		}
	}
	if len(todo) > 0 {
		if err := f.mayAdd(p.setup.Revision); err != nil {
			return err
		}
	} else if f.readOnly() {
		return nil
	}
	if err := p.grown(f); err != nil {
		return err
	}
	for _, d := range p.pools {
		if err := p.putStates(f, d); err != nil {
			return err
		}
	}
	total := p.Shadows + p.Targets
	done := total - len(todo)
	keeper := p.keeper()
	err := p.each(ctx, len(todo), func(ctx context.Context, i int) error { return todo[i].make(ctx, keeper) }, func(int) {
		if done++; p.Progress != nil {
			p.Progress(done, total)
		}
	})
	if err != nil {
		return fmt.Errorf("audit: %d of %d models are kept in %s, the next run goes on from there: %w", done, total, p.Dir, err)
	}
	return nil
}

// putStates writes what a pool's models do with the candidates, uint8 [models,
// candidates]: 0 Out, 1 In, 2 Forgotten. It is for readers elsewhere.
func (p *plan) putStates(f *folder, d *design) error {
	name := private + "states-" + d.name + ".npy"
	if _, err := f.get(name); err == nil || !errors.Is(err, ErrIncomplete) {
		return err
	}
	var b bytes.Buffer
	rows := make([][]uint8, d.models)
	for m := range rows {
		for _, e := range p.audited {
			rows[m] = append(rows[m], uint8(d.row(m)[e]))
		}
	}
	if err := npyio.Write(&b, rows); err != nil {
		return fmt.Errorf("audit: %s: %w", name, err)
	}
	return f.put(name, b.Bytes())
}

// member is one model of the audit.
type member struct {
	*plan
	folder *folder
	design *design
	index  int
	have   int // variants whose answers are there
}

// make trains the model, or finds it kept, forgets by each method whose answers are not
// there, asks for the answers and writes them.
func (m *member) make(ctx context.Context, keeper bench.Keeper) error {
	fail := func(err error) error { return fmt.Errorf("%s: %w", m.design.file(m.index), err) }
	ids, forget, err := m.design.trained(m.index)
	if err != nil {
		return fail(err)
	}
	run, records, err := m.base(ctx, keeper, m.Data.Subset(ids), m.design.modelSeed(m.index))
	if err != nil {
		return fail(err)
	}
	logits := make([]float32, 0, len(m.variants())*m.rows()*m.Data.Classes)
	for v := range m.have {
		block, err := m.folder.getBlock(m.design.file(m.index)+".npy", v, m.have, m.rows(), m.Data.Classes)
		if err != nil {
			return err
		}
		logits = appendNumbers(logits, block)
	}
	err = m.forgetting(ctx, run, records, forget, m.have, func(name string, w *graph.Tensor) error {
		c := nets.Classifier{Model: run.Model, Params: w}
		for q, ds := range append([]*data.Dataset{m.Data}, m.copies...) {
			var err error
			if logits, err = answers(ctx, logits, c, ds); err != nil {
				return fmt.Errorf("answers of %s to %s: %w", name, m.setup.Queries[q], err)
			}
		}
		return nil
	})
	if err != nil {
		return fail(err)
	}
	return m.folder.put(m.design.file(m.index)+".npy", encode(logits, len(m.variants()), m.rows(), m.Data.Classes))
}

// batch is how many examples a model is asked at once.
const batch = 256

// answers appends a model's logits to z.
func answers(ctx context.Context, z []float32, c nets.Classifier, ds *data.Dataset) ([]float32, error) {
	f := ds.Features()
	for lo := 0; lo < ds.Len(); lo += batch {
		hi := min(lo+batch, ds.Len())
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part, err := c.Logits(ctx, ds.X[lo*f:hi*f], hi-lo)
		if err != nil {
			return nil, err
		}
		for i, v := range part {
			v32 := float32(v)
			if v32-v32 != 0 { // NaN and ±Inf
				return nil, fmt.Errorf("example %d: the logit of class %d is %g; the method has left the usable numbers", ds.ID(lo+i/ds.Classes), i%ds.Classes, v)
			}
			z = append(z, v32)
		}
	}
	return z, nil
}
