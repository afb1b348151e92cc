package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Train trains arch on ds by cfg into a folder, together with its record by policy
// p, and leaves there all that is needed to go on, later and elsewhere: where the
// folder is new it begins, where a run of the same kind was interrupted it goes on
// from the last point that was saved, to the same bits as if nothing had happened,
// and where one is finished it opens it. So a program that may be killed calls it
// again, and nothing else.
//
// Hooks of cfg see the steps that this call takes. A hook that fails at the last
// step or after it costs neither run nor record; an error of the recording comes
// with the finished run and without a record, see nets.Train.
func Train(ctx context.Context, dir string, p Policy, arch nets.Arch, ds *data.Dataset, cfg nets.Config) (*nets.Run, *Record, error) {
	if cfg.Resume != nil {
		return nil, nil, errors.New("history: train: leave Config.Resume nil: the folder knows where to go on")
	}
	rec := Create(p, dir)
	m, err := nets.NewModel(arch, cfg.Engine, cfg.DType)
	if err != nil {
		return nil, nil, err
	}
	switch _, err := os.Stat(filepath.Join(dir, headerName)); {
	case err == nil:
		s, err := openFolder(dir)
		if err != nil {
			return nil, nil, err
		}
		if err := s.fits(p, m, ds, cfg.WithDefaults()); err != nil {
			return nil, nil, err
		}
		if s.complete() {
			if err := s.tidyEnd(); err != nil {
				return nil, nil, fmt.Errorf("history: train: %w", err)
			}
			return s.run(m, ds, cfg.WithDefaults().LR, cfg.Hooks)
		}
		if rec, err = s.resumeRecorder(p, m, ds, &cfg); err != nil {
			return nil, nil, err
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, nil, fmt.Errorf("history: train: %w", err)
	}
	hooks := cfg.Hooks
	cfg.Hooks = append([]nets.Hook{rec}, hooks...)
	run, err := m.Train(ctx, ds, cfg)
	if run == nil {
		return nil, nil, err
	}
	run.Config.Hooks = hooks
	if !rec.done {
		return run, nil, err
	}
	return run, rec.Record(), err
}

// fits returns an error unless the folder's run is that of this call.
func (s *folder) fits(p Policy, m *nets.Model, ds *data.Dataset, cfg nets.Config) error {
	if got, want := s.head.Policy, p.String(); got != want {
		return fmt.Errorf("history: train: %w: %s was recorded by the policy %s, not %s; choose another folder", ErrMismatch, s.dir, got, want)
	}
	if err := m.Arch().Fits(ds); err != nil {
		return fmt.Errorf("history: train: %w: %w", ErrMismatch, err)
	}
	w0 := cfg.From
	if w0 == nil {
		w0 = m.Init(cfg.Seed)
	}
	order := data.Order{Seed: cfg.Seed, N: ds.Len() + cfg.Holes.Len(), Batch: cfg.Batch, Holes: cfg.Holes}
	if err := order.Validate(); err != nil {
		return fmt.Errorf("history: train: %w", err)
	}
	steps := cfg.Epochs * order.StepsPerEpoch()
	if cfg.Steps > 0 {
		steps = cfg.Steps
	}
	if err := s.head.Run.check(fingerprint(m, order, steps, cfg, ds, checksum(ds), w0)); err != nil {
		return fmt.Errorf("%w; %s holds another run, choose another folder", err, s.dir)
	}
	return nil
}

// resumeRecorder locks the folder and returns a recorder that goes on where it
// ends, and cfg so that training does too.
func (s *folder) resumeRecorder(p Policy, m *nets.Model, ds *data.Dataset, cfg *nets.Config) (_ *Recorder, err error) {
	if err := s.reopen(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	full, steps := cfg.WithDefaults(), s.head.Run.Steps
	var logits *logitGradients
	if p.logitGradients {
		logits = newLogitGradients(ds.Len(), m.Arch().Classes, fadeOf(full, steps))
	}
	at, err := s.resume(m, func(t int) float64 { return full.LR.Rate(t, steps) }, logits)
	if err != nil {
		return nil, err
	}
	if at.Step > 0 {
		cfg.Resume = &at.State
	}
	return &Recorder{policy: p, resume: at, open: func(Description) (store, error) { return writeBehind(s), nil }}, nil
}

// RunOptions are for OpenRun.
type RunOptions struct {
	// Engine is the one to go on with, nil for graph.NewWalker(0). Another one than
	// that of the training is accepted: what is computed then is close, not equal.
	Engine graph.Engine
	// LR is the schedule, where it is none of package nets.
	LR nets.LRSchedule
}

// OpenRun opens a finished run that Train, or a Recorder made by Create, has left in
// a folder. The architecture and the data must be those that were trained on: they
// are compared with what the folder says of them.
func OpenRun(dir string, arch nets.Arch, ds *data.Dataset, o RunOptions) (*nets.Run, *Record, error) {
	s, err := openFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	if !s.complete() {
		return nil, nil, fmt.Errorf("history: open %s: %w; history.Train goes on with it", dir, ErrInterrupted)
	}
	m, err := nets.NewModel(arch, o.Engine, s.dtype())
	if err != nil {
		return nil, nil, err
	}
	if o.LR == nil {
		if o.LR, err = nets.ParseSchedule(s.head.Run.LR); err != nil {
			return nil, nil, fmt.Errorf("history: open %s: %w; set RunOptions.LR to it", dir, err)
		}
	}
	return s.run(m, ds, o.LR, nil)
}

// run returns the finished run of the folder.
func (s *folder) run(m *nets.Model, ds *data.Dataset, lr nets.LRSchedule, hooks []nets.Hook) (*nets.Run, *Record, error) {
	fail := func(err error) (*nets.Run, *Record, error) {
		return nil, nil, fmt.Errorf("history: open %s: %w", s.dir, err)
	}
	f, end := s.head.Run, s.m.last(kindEnd)
	if m.Arch().Name != f.Arch || m.Size() != f.Params {
		return fail(fmt.Errorf("%w: it is one of %s with %d parameters, not of %s with %d", ErrMismatch, f.Arch, f.Params, m.Arch().Name, m.Size()))
	}
	if n := f.Order.Len(); ds == nil || ds.Len() != n {
		have := 0
		if ds != nil {
			have = ds.Len()
		}
		return fail(fmt.Errorf("%w: it was trained on %d examples, and the data have %d", ErrMismatch, n, have))
	}
	cfg, err := s.head.TrainConfig(lr)
	if err != nil {
		return fail(err)
	}
	cfg.Engine, cfg.Hooks = m.Engine(), hooks
	r := &nets.Run{
		Model: m, Data: ds, Config: cfg, Order: f.Order, Steps: f.Steps, Losses: s.m.tally(end.Tally).Losses, GradEvals: end.Tally.GradEvals,
	}
	if e := s.m.last(kindInitial); e == nil {
		r.Initial = m.Init(f.Order.Seed)
	} else if r.Initial, err = s.vector(e, "initial", m.Size()); err != nil {
		return nil, nil, err
	} else {
		r.Config.From = r.Initial
	}
	if e := s.m.last(kindMomentum); e != nil { // not known of a run without some examples
		if r.Momentum, err = s.vector(e, "momentum", m.Size()); err != nil {
			return nil, nil, err
		}
	}
	final := s.m.last(kindFinal)
	if err := checkFile(s.dir, *final.File); err != nil {
		return nil, nil, s.damaged(*final.File, err)
	}
	if r.Params, err = m.LoadParams(filepath.Join(s.dir, final.File.File)); err != nil {
		return fail(err)
	}
	rec := s.record()
	if err := rec.Check(r); err != nil && !errors.Is(err, ErrEngine) {
		return nil, nil, err
	}
	return r, rec, nil
}
