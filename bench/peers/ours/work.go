package main

import (
	"context"
	"math/rand/v2"
	"runtime"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/gemm"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/miniunlearn/miniunlearn/nets"
)

// printer writes a row once it has its name.
type printer func(what, net string, batch int, r timing.Row) error

// net times one network at one batch.
func (o *options) net(n timing.Net, batch int, print printer) error {
	ds := timing.Noise(2*batch, n.Shape...)
	m, err := nets.NewModel(n.Arch, graph.NewWalker(o.threads), graph.Float32)
	if err != nil {
		return err
	}
	s, err := m.NewStepper(0.9, 5e-4, m.Init(1), nil)
	if err != nil {
		return err
	}
	g, v := m.NewVector(), m.Init(2)
	ids := make([]int, batch)
	for i := range ids {
		ids[i] = i * 7 % ds.Len() // not in a row, as a shuffled batch
	}
	grad := func() error {
		_, err := m.Gradient(s.W, ds, ids, g)
		return err
	}
	step := func() error {
		if err := grad(); err != nil {
			return err
		}
		return s.Step(g, 1e-4)
	}
	hvp := func() error { return m.HVP(s.W, v, ds, ids, g) }
	if o.wants("step", batch) {
		if err := o.turns(n, batch, print, work{"step", step}); err != nil {
			return err
		}
	}
	// By turns: what counts is their ratio.
	var pair []work
	for _, w := range []work{{"grad", grad}, {"hvp", hvp}} {
		if o.wants(w.what, batch) {
			pair = append(pair, w)
		}
	}
	return o.turns(n, batch, print, pair...)
}

// work is something to time.
type work struct {
	what string
	run  func() error
}

// turns times pieces of work on a batch of n by turns, and counts what they
// allocate.
func (o *options) turns(n timing.Net, batch int, print printer, all ...work) error {
	var fs []func() error
	for _, w := range all {
		fs = append(fs, w.run)
		if err := w.run(); err != nil { // compiles the program, which is not counted
			return err
		}
	}
	runtime.GC()
	rows, err := o.plan.Turns(batch, fs...)
	if err != nil {
		return err
	}
	for i, w := range all {
		const runs = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if err := w.run(); err != nil {
				return err
			}
		}
		runtime.ReadMemStats(&after)
		rows[i].Allocs = float64(after.Mallocs-before.Mallocs) / runs
		if err := print(w.what, n.Name, batch, rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// many times the training of eight models: at a time, as many by one worker,
// and one after the other on all cores.
func (o *options) many(ctx context.Context, n timing.Net, print printer) error {
	const batch, models = 128, 8
	steps := map[string]int{"mlp": 80, "lenet5": 20, "resnet8": 2}[n.Name] // about half a second for all models
	ds := timing.Noise(2*batch, n.Shape...)
	js := make([]nets.Job, models)
	for i := range js {
		js[i] = nets.Job{Arch: n.Arch, Data: ds, Config: nets.Config{
			Steps: steps, Batch: batch, Momentum: 0.9, Seed: uint64(i), LR: nets.ConstantRate(0.001),
		}}
	}
	atOnce := func(workers int) func() error {
		return func() error {
			for _, err := range nets.TrainMany(ctx, js, workers) {
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, c := range []struct {
		what string
		f    func() error
	}{
		{"many", atOnce(0)},
		{"many-one-worker", atOnce(1)},
		{"one-by-one", func() error {
			for _, j := range js {
				if _, err := nets.Train(ctx, j.Arch, j.Data, j.Config); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		runtime.GC()
		r, err := o.plan.Measure(models*steps*batch, c.f)
		if err != nil {
			return err
		}
		if err := print(c.what, n.Name, batch, r); err != nil {
			return err
		}
	}
	return nil
}

// products times C = op(A)·op(B) in the four cases.
func (o *options) products(print printer) error {
	pool := parallel.New(o.threads)
	defer pool.Close()
	n := o.size
	rng := rand.New(rand.NewPCG(1, 1))
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for _, trans := range []string{"NN", "TN", "NT", "TT"} {
		r, err := o.plan.Measure(0, func() error {
			gemm.F32(pool, trans[0] == 'T', trans[1] == 'T', n, n, n, 1, a, n, b, n, 0, c, n)
			return nil
		})
		if err != nil {
			return err
		}
		if err := print("gemm", trans, n, r); err != nil {
			return err
		}
	}
	return nil
}
