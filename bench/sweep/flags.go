package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/bench/internal/flags"
	"github.com/miniunlearn/miniunlearn/data"
)

// options are the command line.
type options struct {
	flags.Training
	forgets forgetList
	seeds   seeds
	costs   costs
	file    string // the experiment's, "" for none
	// Where results go. A cache or cells of "" are none.
	out, page, cells, cache string
	limit                   grid.Size
	shard, otherBuilds      string
	track, mlflow           string // a folder and the address of a server, "" for none
	workers, maxCells       int

	dryRun, collect, fresh, retry bool
	quiet, log, schema            bool

	set map[string]bool // flags that were given
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

// seeds are a flag.
type seeds grid.Seeds

func (s *seeds) String() string { return grid.Seeds(*s).String() }

// Set implements flag.Value.
func (s *seeds) Set(text string) error {
	all, err := grid.ParseSeeds(text)
	*s = seeds(all)
	return err
}

// costs are a flag.
type costs []float64

func (c *costs) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(*c), " ", ","), "[]")
}

// Set implements flag.Value.
func (c *costs) Set(text string) error {
	*c = nil
	for item := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(item), 64)
		if err != nil {
			return fmt.Errorf("%q is no cost; write shares of retraining's, such as 0.1,0.2", item)
		}
		*c = append(*c, v)
	}
	return nil
}

// parse reads the command line. It has told stderr what is wrong when it returns an
// error.
func parse(args []string, stderr io.Writer) (*options, error) {
	d := grid.Default()
	o := &options{
		forgets: forgetList(d.Forget), seeds: seeds(d.Seeds), limit: 10e9, set: map[string]bool{},
		Training: flags.Training{Methods: flags.List(d.Methods)},
	}
	cache := ""
	if dir, err := data.Cache(); err == nil { // otherwise there is none but on request
		cache = filepath.Join(dir, "runs")
	}
	fs := flag.NewFlagSet("sweep", flag.ContinueOnError)
	o.Define(fs)
	fs.Var(&o.forgets, "forget", "what to forget: random:`SHARE`, class:LABEL, part:SHARE:LABEL, mislabelled:SHARE, confused:SHARE:LABEL:LABEL, poisoned:SHARE:LABEL, memorised:SHARE, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE; several with commas")
	fs.Var(&o.seeds, "seeds", "`seeds` and ranges of them, such as 1-10,20")
	fs.Var(&o.costs, "costs", "`shares` of retraining's cost, for methods such as mini:{cost}")
	fs.StringVar(&o.out, "out", "", "`file` for the JSON Lines; without it FILE.jsonl beside the experiment's FILE.json, or without that stdout")
	fs.StringVar(&o.page, "page", "", "`file` for a page of the results; without it FILE.html beside the experiment's")
	fs.StringVar(&o.cells, "cells", "", "`folder` that keeps finished cells; without it that of -out, with the ending .cells")
	fs.StringVar(&o.cache, "cache", cache, "`folder` that keeps trained runs and retrained references for cells that share them; empty for none")
	fs.Var(&o.limit, "cache-limit", "`size` of the cache, such as 500MB; what was not used for longest goes first")
	fs.StringVar(&o.otherBuilds, "other-builds", "", "`what` other builds of this program have made and is taken for this one's: runs, methods whose cells are, or all")
	fs.StringVar(&o.track, "track", "", "`folder` for the loss and the rate of every step of base runs that are trained: CSV, and event files for TensorBoard")
	fs.StringVar(&o.mlflow, "mlflow", "", "`address` of an MLflow tracking server for the same, such as http://localhost:5000; a token is read from $MLFLOW_TRACKING_TOKEN")
	fs.StringVar(&o.shard, "shard", "", "run a `part`: i/n, or /n in an array of Slurm or Kubernetes; a Slurm array needs no flag")
	fs.BoolVar(&o.collect, "collect", false, "run nothing, and write the results that are there")
	fs.BoolVar(&o.dryRun, "dry-run", false, "run nothing; list the cells and estimate the time")
	fs.BoolVar(&o.fresh, "fresh", false, "compute the cells that are there again")
	fs.BoolVar(&o.retry, "retry", false, "compute the cells whose method could not run again")
	fs.IntVar(&o.maxCells, "max-cells", grid.MaxCells, "the largest `number` of cells that is not taken for a mistake")
	fs.IntVar(&o.workers, "workers", 1, "requests at a time; times are left out unless it is 1")
	fs.BoolVar(&o.quiet, "quiet", false, "show no progress")
	fs.BoolVar(&o.log, "log", false, "log the epochs of base runs")
	fs.BoolVar(&o.schema, "schema", false, "print the JSON Schema of experiments, for editors")
	err := flags.Parse(fs, args, stderr, func() error {
		fs.Visit(func(f *flag.Flag) { o.set[f.Name] = true })
		switch {
		case o.workers < 1:
			return fmt.Errorf("-workers %d must be at least 1", o.workers)
		case o.maxCells < 1:
			return fmt.Errorf("-max-cells %d must be at least 1", o.maxCells)
		case o.collect && o.dryRun:
			return fmt.Errorf("-collect and -dry-run do different things; give one")
		case o.set["steps"] && o.Steps == 0:
			return fmt.Errorf("-steps 0 is no run; write a number from 1, or -epochs")
		case o.set["steps"] && o.set["epochs"]:
			return fmt.Errorf("-steps and -epochs both say how long a run is; give one")
		}
		return o.Check()
	}, &o.file)
	if err != nil {
		return nil, err
	}
	o.place()
	return o, nil
}

// place fills in where results go.
func (o *options) place() {
	if o.file != "" && !o.set["out"] {
		stem := strings.TrimSuffix(o.file, filepath.Ext(o.file))
		o.out = stem + ".jsonl"
		if !o.set["page"] {
			o.page = stem + ".html"
		}
	}
	if o.out == devStdout {
		o.out = "" // no table after the JSON Lines, which a program may read
	}
	if !o.set["cells"] && o.out != "" && !isStream(o.out) {
		o.cells = strings.TrimSuffix(o.out, filepath.Ext(o.out)) + ".cells"
	}
}

// isStream reports whether path is there and is no file: a device or a pipe.
func isStream(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && !info.Mode().IsRegular()
}

// spec returns the experiment: the file's, with what flags say in its place.
func (o *options) spec() (grid.Spec, error) {
	var s grid.Spec
	if o.file != "" {
		var err error
		if s, err = grid.Read(o.file); errors.Is(err, fs.ErrNotExist) {
			return s, fmt.Errorf("there is no experiment %q, a file of JSON; lists in flags take commas and no spaces", o.file)
		} else if err != nil {
			return s, err
		}
	}
	o.override(&s.Grid, o.file == "")
	s.Grid.Train = o.train(o.file == "").Over(s.Grid.Train)
	if o.set["costs"] {
		s.Grid.Costs = grid.List[float64](o.costs)
	}
	for i := range s.Grids { // what they do not say they take from the experiment
		g := &s.Grids[i]
		o.override(g, false)
		if len(g.Train) > 0 {
			g.Train = o.train(false).Over(g.Train)
		}
		if o.set["costs"] && len(g.Costs) > 0 {
			g.Costs = grid.List[float64](o.costs)
		}
	}
	if o.set["engine"] || s.Engine == "" {
		s.Engine = o.Engine.Name
	}
	if o.set["device"] || s.Device == "" {
		s.Device = o.Engine.Device
	}
	o.Engine.Name, o.Engine.Device = s.Engine, s.Device
	return s, nil
}

// override puts the flags that were given, or all, in the place of what g says.
func (o *options) override(g *grid.Grid, all bool) {
	put := func(name string) bool { return all || o.set[name] }
	if put("dataset") {
		g.Data, g.Folder = grid.List[string]{o.Dataset}, ""
	}
	if put("data") {
		g.Folder = o.Dir
	}
	if put("n") {
		g.N = grid.List[int]{o.N}
	}
	if put("net") {
		g.Net = grid.List[string](o.Nets)
	}
	if put("forget") {
		g.Forget = grid.List[string](o.forgets)
	}
	if put("methods") {
		g.Methods, g.Costs = grid.List[string](o.Methods), nil
	}
	if put("seeds") {
		g.Seeds = grid.Seeds(o.seeds)
	}
}

// train returns the fields of a training of which flags were given, or all.
func (o *options) train(all bool) (t grid.Train) {
	put := func(name string) bool { return all || o.set[name] }
	if put("epochs") && o.Steps == 0 {
		t.Epochs = grid.List[int]{o.Epochs}
	}
	if o.Steps > 0 {
		t.Steps = grid.List[int]{o.Steps}
	}
	for name, f := range map[string]struct {
		to    *grid.List[float64]
		value float64
	}{"lr": {&t.LR, o.LR}, "warmup": {&t.Warmup, o.Warmup}, "momentum": {&t.Momentum, o.Momentum}, "weight-decay": {&t.WeightDecay, o.Decay}} {
		if put(name) {
			*f.to = grid.List[float64]{f.value}
		}
	}
	for name, f := range map[string]struct {
		to    *grid.List[string]
		value string
	}{"schedule": {&t.Schedule, o.Schedule}, "augment": {&t.Augment, o.Augment}, "dtype": {&t.DType, o.DType}} {
		if put(name) {
			*f.to = grid.List[string]{f.value}
		}
	}
	if put("batch") {
		t.Batch = grid.List[int]{o.Batch}
	}
	return t
}

// name is what the sweep is called in messages.
func (o *options) name() string { return cmp.Or(o.file, o.out, "the sweep") }
