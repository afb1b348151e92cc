// Package flags holds what the commands of bench share of their command lines: the
// flags of a training run, with one default each, and how a command line is read.
package flags

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Training says what is trained, on what, how and by which engine, and which methods
// forget.
type Training struct {
	Dataset, Dir        string
	N                   int // training examples, a stratified subset; 0 for all
	Nets                List
	Epochs, Steps       int // Steps in place of epochs, where it is above 0
	Batch               int
	LR, Momentum, Decay float64
	Schedule            string
	Warmup              float64
	Augment, DType      string
	Methods             List
	Engine              graph.Choice
}

// Define adds the flags of t to fs, with their defaults but for the methods', which
// are t's own.
func (t *Training) Define(fs *flag.FlagSet) {
	t.Nets = List{"mlp:64-128-10"}
	fs.StringVar(&t.Dataset, "dataset", "digits", "data `set`: "+strings.Join(data.Names(), ", ")+", or a file such as csv:FILE?label=COLUMN&id=COLUMN; go doc data.Open has all")
	fs.StringVar(&t.Dir, "data", "", "`folder` with that set's own files; empty for $"+data.EnvData+"/<dataset>")
	fs.IntVar(&t.N, "n", 0, "training examples, a stratified subset chosen by the seed; 0 for all")
	fs.Var(&t.Nets, "net", "`architectures`, such as mlp:784-200-10: "+strings.Join(nets.Names(), ", "))
	fs.IntVar(&t.Epochs, "epochs", 20, "epochs of a run")
	fs.IntVar(&t.Steps, "steps", 0, "steps of a run, in place of -epochs")
	fs.IntVar(&t.Batch, "batch", 64, "examples a step")
	fs.Float64Var(&t.LR, "lr", 0.05, "learning rate, or its peak")
	fs.StringVar(&t.Schedule, "schedule", "cosine", "learning-rate `schedule`: constant or cosine")
	fs.Float64Var(&t.Warmup, "warmup", 0, "share of the steps in which the rate of a cosine rises, in [0, 1)")
	fs.Float64Var(&t.Momentum, "momentum", 0.9, "momentum, in [0, 1)")
	fs.Float64Var(&t.Decay, "weight-decay", 0.0005, "weight decay")
	fs.StringVar(&t.Augment, "augment", "none", "`augmentation` of images: none, crop:PIXELS, flip, or crop:PIXELS,flip")
	fs.StringVar(&t.DType, "dtype", "float32", "`numbers` to compute with: float32 or float64")
	fs.Var(&t.Methods, "methods", "`methods`: "+strings.Join(unlearning.Names(), ", "))
	t.Engine.Flags(fs)
}

// Check refuses numbers that make no sense. A library would take a zero for its own
// default and not for what was asked for.
func (t *Training) Check() error {
	switch {
	case t.Epochs < 1 || t.Batch < 1:
		return fmt.Errorf("-epochs %d and -batch %d must be at least 1", t.Epochs, t.Batch)
	case t.Steps < 0:
		return fmt.Errorf("-steps %d must be at least 1, or 0 for -epochs", t.Steps)
	case t.N < 0:
		return fmt.Errorf("-n %d must not be negative", t.N)
	case !(t.LR > 0) || math.IsInf(t.LR, 0):
		return fmt.Errorf("-lr %g must be above 0 and finite", t.LR)
	case !(t.Momentum >= 0 && t.Momentum < 1):
		return fmt.Errorf("-momentum %g is outside [0, 1)", t.Momentum)
	case !(t.Decay >= 0) || math.IsInf(t.Decay, 0):
		return fmt.Errorf("-weight-decay %g must be finite and not negative", t.Decay)
	}
	return nil
}

// Config returns the configuration of a run, but for its seed and its engine.
func (t *Training) Config() (nets.Config, error) {
	train := grid.Train{
		Epochs: grid.List[int]{t.Epochs}, Batch: grid.List[int]{t.Batch}, LR: grid.List[float64]{t.LR}, Schedule: grid.List[string]{t.Schedule},
		Warmup: grid.List[float64]{t.Warmup}, Momentum: grid.List[float64]{t.Momentum}, WeightDecay: grid.List[float64]{t.Decay},
		Augment: grid.List[string]{t.Augment}, DType: grid.List[string]{t.DType},
	}
	if t.Steps > 0 {
		train.Steps, train.Epochs = grid.List[int]{t.Steps}, nil
	}
	configs, err := train.Configs()
	if err != nil {
		return nets.Config{}, err
	}
	return configs[0], nil
}

// Unknown is the error of a name that is none of those known.
func Unknown(what, name string, known []string) error {
	return fmt.Errorf("unknown %s %q%s; known are %s", what, name, nearest.Hint(name, known), strings.Join(known, ", "))
}

// Open opens the data set, by its name in a folder or by a specification.
func (t *Training) Open(ctx context.Context) (*data.Splits, error) {
	if t.Dir != "" {
		return data.Load(t.Dataset, t.Dir)
	}
	return data.Open(ctx, t.Dataset)
}

// List is a comma-separated flag.
type List []string

func (l *List) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *List) Set(s string) error {
	*l = nil
	for _, item := range strings.Split(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			return fmt.Errorf("%q has an empty item", s)
		}
		*l = append(*l, item)
	}
	return nil
}

// Parse reads a command line of flags, and of files where there are places for them,
// before, between or behind the flags; and then asks check, which may be nil.
// What is wrong with it stands on stderr, in one line that names the command and the
// flag: no list of flags hides it. That list is what -h prints, with
// flag.ErrHelp for an error.
func Parse(fs *flag.FlagSet, args []string, stderr io.Writer, check func() error, files ...*string) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	for _, file := range files {
		if err != nil || fs.NArg() == 0 {
			break
		}
		*file = fs.Arg(0)
		err = fs.Parse(fs.Args()[1:])
	}
	if errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(stderr)
		fmt.Fprintf(stderr, "Flags of %s:\n", fs.Name())
		fs.PrintDefaults()
		return err
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q; lists take commas and no spaces", fs.Arg(0))
	}
	if err == nil && check != nil {
		err = check()
	}
	if err == nil {
		return nil
	}
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		fs.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
		text = "unknown flag -" + name
		if near := nearest.Name(name, known); near != "" {
			text += "; did you mean -" + near + "?"
		}
	}
	fmt.Fprintf(stderr, "%s: %s (%[1]s -h lists the flags)\n", fs.Name(), text)
	return err
}
