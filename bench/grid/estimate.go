package grid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// Estimate is what a run of the plan would have to do.
type Estimate struct {
	// Done are the cells of the shard that are there, Failed those of them that could
	// not run, and Cells those that would be computed.
	Done, Failed, Cells int
	// Runs are base runs to be trained, and References requests to be retrained for,
	// that are not in the cache.
	Runs, References int
	// Work is about how long that takes one worker on this machine: from a few timed
	// steps of each training, and what methods say that they cost. Methods that say
	// nothing are taken to cost as much as retraining.
	Work time.Duration
}

// ahead returns what a run would begin with.
func (p *Plan) ahead(o Options) (*runner, []work, error) {
	o.Known = nil
	r, err := p.runner(o)
	if err != nil {
		return nil, nil, err
	}
	if err := r.state(); err != nil {
		return nil, nil, err
	}
	todo, err := r.todo()
	return r, todo, err
}

// Estimate says what Run would have to do. It trains a few steps of each kind of run.
func (p *Plan) Estimate(ctx context.Context, o Options) (e Estimate, err error) {
	if len(o.Engines) == 0 {
		return e, errors.New("grid: no engine to compute on")
	}
	r, todo, err := p.ahead(o)
	if err != nil {
		return e, err
	}
	e.Done, e.Failed = r.event.Done, r.event.Failed
	pace := map[settings]float64{} // seconds of a run
	runs := map[string]bool{}      // that have been counted
	for _, w := range todo {
		e.Cells += len(w.cells)
		kind := p.Cells[w.cells[0]].settings
		kind.Seed, kind.Forget, kind.Forgotten, kind.Method, kind.Settings, kind.EqualTo = 0, "", "", "", "", ""
		train, forget, err := w.Request()
		if err != nil {
			return e, err
		}
		model, err := nets.NewModel(w.Arch, o.Engines[0], w.Config.DType)
		if err != nil {
			return e, fmt.Errorf("grid: %w", err)
		}
		if _, known := pace[kind]; !known {
			if pace[kind], err = seconds(ctx, model, train, w.Config); err != nil {
				return e, err
			}
		}
		kept := 1 - float64(forget.Len())/float64(train.Len())
		name := runName(p, w)
		run, reference := !runs[name], true
		runs[name] = true
		if o.Cache != nil {
			k := o.Cache.runKey(model, train, w.Config)
			run = run && !o.Cache.has("runs", k)
			reference = !o.Cache.has("retrained", o.Cache.retrainedOf(k, forget, w.Data.Test))
		}
		units := 0.0
		if run {
			e.Runs++
			units++
		}
		if reference {
			e.References++
			units += kept * 6
		}
		// Measuring answers for all examples costs a third of an epoch.
		look := float64(train.Len()+w.Data.Test.Len()) / float64(train.Len()) / 3 / max(1, epochsOf(w.Config, train))
		for _, i := range w.cells {
			units += kept*costOf(w.Methods[p.Cells[i].position]) + look
		}
		e.Work += time.Duration(units * pace[kind] * float64(time.Second))
	}
	return e, nil
}

// runName tells base runs apart without hashing their data.
func runName(p *Plan, w work) string {
	s := p.Cells[w.cells[0]].settings
	s.Forget, s.Forgotten, s.Method, s.Settings, s.EqualTo = "", "", "", "", ""
	return s.address()
}

func epochsOf(cfg nets.Config, train *data.Dataset) float64 {
	if cfg.Steps == 0 {
		return float64(cfg.Epochs)
	}
	return float64(cfg.Steps*cfg.Batch) / float64(train.Len())
}

// costOf is about what a method costs, in retrainings.
func costOf(m unlearning.Named) float64 {
	name, arg, _ := strings.Cut(m.Name, ":")
	switch name {
	case "before", "retrain": // which the reference has
		return 0
	}
	for _, known := range unlearning.Names() {
		if known != name+"[:COST]" {
			continue
		}
		if v, err := strconv.ParseFloat(arg, 64); err == nil {
			return v
		}
		return defaults.Cost
	}
	return 1
}

// has reports whether there is an entry of a key that would be taken.
func (c *Cache) has(kind, key string) bool {
	for _, e := range c.entries(kind, key) {
		if _, err := os.Stat(e.dir()); err == nil {
			return true
		}
	}
	return false
}

// errTimed ends a training whose steps have been timed.
var errTimed = errors.New("the steps are timed")

// stopwatch times steps, the first apart, which compiles.
type stopwatch struct {
	nets.StepFunc
	steps        int
	from         int
	first, since time.Time
	per          float64
}

// OnStart implements nets.Hook.
func (s *stopwatch) OnStart(start nets.Start) error {
	s.steps, s.first = start.Steps, time.Now()
	return nil
}

// OnStep implements nets.Hook.
func (s *stopwatch) OnStep(step nets.Step) error {
	now := time.Now()
	if step.T == 1 {
		s.since, s.from = now, 1
	}
	if done := step.T - s.from; step.T > 1 && (now.Sub(s.since) > 300*time.Millisecond && done >= 3 || now.Sub(s.first) > 10*time.Second) {
		s.per = now.Sub(s.since).Seconds() / float64(done)
		return errTimed
	}
	return nil
}

// seconds is about how long a run takes.
func seconds(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config) (float64, error) {
	w := &stopwatch{}
	cfg.Hooks = []nets.Hook{w}
	begin := time.Now()
	_, err := m.Train(ctx, train, cfg)
	var diverged *nets.DivergedError
	switch {
	case errors.Is(err, errTimed):
		return w.per * float64(w.steps), nil
	case err == nil, errors.As(err, &diverged): // the whole of it was short
		return time.Since(begin).Seconds(), nil
	}
	return 0, fmt.Errorf("grid: %w", err)
}
