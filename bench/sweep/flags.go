package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/internal/flags"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// options are the flags.
type options struct {
	flags.Training
	out     string
	forgets forgetList
	seeds   seeds
	workers int
}

const devStdout = "/dev/stdout"

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
		forgets: forgetList{"random:0.2"}, seeds: seeds{1},
		Training: flags.Training{Methods: flags.List{"before", "mini", "retrain", "retrain-other-seed", "fast-retrain"}},
	}
	fs := flag.NewFlagSet("sweep", flag.ContinueOnError)
	o.Define(fs)
	fs.Var(&o.forgets, "forget", "what to forget: random:`SHARE`, class:LABEL, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE; several with commas")
	fs.Var(&o.seeds, "seeds", "`seeds`, one cell for each")
	fs.StringVar(&o.out, "out", "", "`file` for the JSON Lines; empty or "+devStdout+" for stdout")
	fs.IntVar(&o.workers, "workers", 1, "cells at a time; times are worth reporting only with 1")
	err := flags.Parse(fs, args, stderr, func() error {
		if o.workers < 1 {
			return fmt.Errorf("-workers %d must be at least 1", o.workers)
		}
		return o.Check()
	})
	if o.out == devStdout {
		o.out = "" // no table after the JSON Lines, which a program may read
	}
	return o, err
}

// experiments returns the cells, in the order nets, forget sets, seeds.
func (o *options) experiments(ctx context.Context) ([]bench.Experiment, error) {
	cfg, err := o.Config()
	if err != nil {
		return nil, err
	}
	ds, err := o.Open(ctx)
	if err != nil {
		return nil, err
	}
	methods, err := unlearning.Parse(o.Methods...)
	if err != nil {
		return nil, err
	}
	var cells []bench.Experiment
	for _, net := range o.Nets {
		arch, err := nets.Parse(net, ds.Train)
		if err != nil {
			return nil, err
		}
		for _, forget := range o.forgets {
			for _, seed := range o.seeds {
				cfg.Seed = seed
				cells = append(cells, bench.Experiment{Data: ds, N: o.N, Arch: arch, Forget: forget, Methods: methods, Config: cfg})
			}
		}
	}
	return cells, nil
}
