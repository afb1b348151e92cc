package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"codeberg.org/sbinet/npyio"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Train makes the models that the folder does not hold yet and keeps their
// signals. It may be interrupted at any time: what is whole stays.
func Train(ctx context.Context, cfg Config) error {
	p, err := newPlan(cfg)
	if err != nil {
		return err
	}
	f, err := openFolder(p.Dir, p.setup)
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// Twice the workers at a time: each brings a training set of its own.
	for some := range slices.Chunk(todo, 2*p.Workers) {
		var jobs []nets.Job
		for _, m := range some {
			job, err := m.job(ctx)
			if err != nil {
				return err
			}
			jobs = append(jobs, job)
		}
		for _, err := range nets.TrainMany(ctx, jobs, p.Workers) {
			if err != nil {
				stop()
				return fmt.Errorf("audit: %d of %d models are kept in %s, the next run goes on from there: %w", done, total, p.Dir, err)
			}
			if done++; p.Progress != nil {
				p.Progress(done, total)
			}
		}
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

// member is one model of the audit. As a training hook it records its run, and
// when that ends forgets, asks for the signals and writes them.
type member struct {
	*plan
	folder *folder
	design *design
	index  int
	have   int // variants whose answers are there

	ctx      context.Context
	problem  unlearning.Problem
	recorder *history.Recorder
}

// job returns the training of the model.
func (m *member) job(ctx context.Context) (nets.Job, error) {
	ids, forget, err := m.design.trained(m.index)
	if err != nil {
		return nets.Job{}, err
	}
	m.ctx, m.problem.Forget = ctx, forget
	c := m.Train
	c.Seed, c.Hooks = m.design.modelSeed(m.index), []nets.Hook{m}
	return nets.Job{Arch: m.Arch, Data: m.Data.Subset(ids), Config: c}, nil
}

// OnStart implements nets.Hook.
func (m *member) OnStart(s nets.Start) error {
	if m.policy == nil {
		return nil
	}
	m.recorder = history.NewRecorder(*m.policy)
	return m.recorder.OnStart(s)
}

// OnStep implements nets.Hook.
func (m *member) OnStep(s nets.Step) error {
	if m.recorder == nil {
		return nil
	}
	return m.recorder.OnStep(s)
}

// OnEnd implements nets.Hook.
func (m *member) OnEnd(run *nets.Run) error {
	if err := m.finish(run); err != nil {
		return fmt.Errorf("audit: %s: %w", m.design.file(m.index), err)
	}
	m.problem, m.recorder = unlearning.Problem{}, nil
	return nil
}

func (m *member) finish(run *nets.Run) error {
	if m.recorder != nil {
		if err := m.recorder.OnEnd(run); err != nil {
			return err
		}
		m.problem.History = m.recorder.Record()
	}
	// Methods see a run without this hook.
	seen := *run
	seen.Config.Hooks = nil
	m.problem.Run = &seen
	logits := make([]float32, 0, len(m.variants())*m.rows()*m.Data.Classes)
	for v := range m.have {
		var err error
		if logits, err = m.folder.getBlock(logits, m.design.file(m.index)+".npy", v, m.have, m.rows(), m.Data.Classes); err != nil {
			return err
		}
	}
	ask := func(name string, w *graph.Tensor) error {
		c := nets.Classifier{Model: run.Model, Params: w}
		for q, ds := range append([]*data.Dataset{m.Data}, m.copies...) {
			var err error
			if logits, err = answers(m.ctx, logits, c, ds); err != nil {
				return fmt.Errorf("answers of %s to %s: %w", name, m.setup.Queries[q], err)
			}
		}
		return nil
	}
	if m.have == 0 {
		if err := ask(Before, run.Params); err != nil {
			return err
		}
	}
	subjects := append([]Subject{{Name: Retrained, Method: unlearning.Retrain{}}, {Name: Reference, Method: OtherSeed{}}}, m.Methods...)
	for _, s := range subjects[max(0, m.have-1):] {
		res, err := unlearning.Solve(m.ctx, s.Method, m.problem)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := ask(s.Name, res.Params); err != nil {
			return err
		}
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
