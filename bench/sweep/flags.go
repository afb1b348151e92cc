package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// options are the flags.
type options struct {
	dataset, dir        string
	n, epochs, batch    int
	lr, momentum, decay float64
	schedule, out       string
	nets, methods       list
	forgets             forgetList
	seeds               seeds
	workers             int
	engine              graph.Choice
}

const devStdout = "/dev/stdout"

// list is a comma-separated flag.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(s string) error {
	*l = nil
	for _, item := range strings.Split(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			return fmt.Errorf("%q has an empty item", s)
		}
		*l = append(*l, item)
	}
	return nil
}

// forgetList is a flag of specifications of forget sets, in which paths may have
// commas.
type forgetList []string

func (l *forgetList) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *forgetList) Set(s string) (err error) {
	*l, err = data.SplitForgets(s)
	return err
}

type seeds []uint64

func (s *seeds) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(*s), " ", ","), "[]")
}

// Set implements flag.Value.
func (s *seeds) Set(text string) error {
	*s = nil
	seen := map[uint64]bool{}
	for _, item := range strings.Split(text, ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(item), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a seed, a whole number from 0", item)
		}
		if seen[v] {
			return fmt.Errorf("seed %d is named twice", v)
		}
		seen[v] = true
		*s = append(*s, v)
	}
	return nil
}

// parseFlags reads the command line. It has told stderr what is wrong when it
// returns an error.
func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{
		nets: list{"mlp:64-128-10"}, forgets: forgetList{"random:0.2"}, seeds: seeds{1},
		methods: list{"before", "mini", "retrain", "retrain-other-seed", "fast-retrain"},
	}
	fs := flag.NewFlagSet("sweep", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.dataset, "dataset", "digits", "data `set`: "+strings.Join(data.Names(), ", ")+", or a file such as csv:FILE?label=COLUMN&id=COLUMN; go doc data.Open has all")
	fs.StringVar(&o.dir, "data", "", "`folder` with that set's own files; empty for $"+data.EnvData+"/<dataset>")
	fs.Var(&o.nets, "net", "`architectures`, such as logistic or mlp:784-200-10")
	fs.IntVar(&o.n, "n", 0, "training examples, a stratified subset chosen by the seed; 0 for all")
	fs.IntVar(&o.epochs, "epochs", 5, "epochs of the base run")
	fs.IntVar(&o.batch, "batch", 128, "examples a step")
	fs.Float64Var(&o.lr, "lr", 0.05, "learning rate, or its peak")
	fs.Float64Var(&o.momentum, "momentum", 0.9, "momentum, in [0, 1)")
	fs.StringVar(&o.schedule, "schedule", "cosine", "learning-rate schedule: constant or cosine")
	fs.Float64Var(&o.decay, "weight-decay", 0.0005, "weight decay")
	fs.Var(&o.forgets, "forget", "what to forget: random:`SHARE`, class:LABEL, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE; several with commas")
	fs.Var(&o.methods, "methods", "`methods`: "+strings.Join(unlearning.Names(), ", "))
	fs.Var(&o.seeds, "seeds", "`seeds`, one cell for each")
	fs.StringVar(&o.out, "out", "", "`file` for the JSON Lines; empty or "+devStdout+" for stdout")
	fs.IntVar(&o.workers, "workers", 1, "cells at a time; times are worth reporting only with 1")
	o.engine.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	fail := func(format string, a ...any) error {
		err := fmt.Errorf(format, a...)
		fmt.Fprintf(stderr, "sweep: %v\n", err)
		return err
	}
	if o.out == devStdout {
		o.out = "" // no table after the JSON Lines, which a program may read
	}
	switch {
	case fs.NArg() > 0:
		return nil, fail("unexpected argument %q; lists take commas and no spaces", fs.Arg(0))
	case o.epochs < 1 || o.batch < 1 || o.workers < 1:
		return nil, fail("-epochs %d, -batch %d and -workers %d must be at least 1", o.epochs, o.batch, o.workers)
	case !(o.lr > 0) || math.IsInf(o.lr, 0):
		return nil, fail("-lr %g must be above 0 and finite", o.lr)
	case !(o.momentum >= 0 && o.momentum < 1):
		return nil, fail("-momentum %g is outside [0, 1)", o.momentum)
	case !(o.decay >= 0) || math.IsInf(o.decay, 0):
		return nil, fail("-weight-decay %g must be finite and not negative", o.decay)
	}
	return o, nil
}

// open opens the data set, by its name in a folder or by a specification.
func (o *options) open(ctx context.Context) (*data.Splits, error) {
	if o.dir != "" {
		return data.Load(o.dataset, o.dir)
	}
	return data.Open(ctx, o.dataset)
}

// experiments returns the cells, in the order nets, forget sets, seeds.
func (o *options) experiments(ctx context.Context) ([]bench.Experiment, error) {
	var rate nets.LRSchedule
	switch o.schedule {
	case "constant":
		rate = nets.ConstantRate(o.lr)
	case "cosine":
		rate = nets.Cosine(o.lr)
	default:
		return nil, fmt.Errorf("unknown schedule %q; known are constant and cosine", o.schedule)
	}
	ds, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	methods, err := unlearning.Parse(o.methods...)
	if err != nil {
		return nil, err
	}
	var cells []bench.Experiment
	for _, net := range o.nets {
		arch, err := nets.Parse(net, ds.Train)
		if err != nil {
			return nil, err
		}
		for _, forget := range o.forgets {
			for _, seed := range o.seeds {
				cells = append(cells, bench.Experiment{
					Data: ds, N: o.n, Arch: arch, Forget: forget, Methods: methods,
					Config: nets.Config{Epochs: o.epochs, Batch: o.batch, LR: rate, Momentum: o.momentum, WeightDecay: o.decay, Seed: seed},
				})
			}
		}
	}
	return cells, nil
}
