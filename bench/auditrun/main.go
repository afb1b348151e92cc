// Auditrun audits unlearning methods with shadow models; package audit says
// how.
//
//	go run ./bench/auditrun -dataset mnist -net mlp:784-200-10 -n 10000 \
//		-epochs 10 -batch 64 -lr 0.05 -methods mini,no-op,leak:keeps-tenth \
//		-shadows 64 -targets 16 -share 0.2 -out audit.out
//
// The worst case to forget is what models know by heart. An audit lists it, for
// another one:
//
//	head -n 1000 audit.out/private-memorised.txt > worst.txt
//	go run ./bench/auditrun … -candidates ids:worst.txt -out worst.out
//
// The models' answers go to -out/signals and the reports to -out. Interrupted, the same
// command goes on where it was. Builds with the tag libtorch take -engine libtorch
// -device cuda; see docs/gpu.md, and on the CPU set OMP_NUM_THREADS=1.
//
// The exit status is 0 when the audit was made, whatever it found, 1 after an
// error, 2 for flags that cannot be read or make no sense.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	_ "github.com/miniunlearn/miniunlearn/bench/audit/leaks" // methods that fail on purpose, by name
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // the methods to compare with
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags that the library has no type for.
type options struct {
	dataset, dir, net, forget, methods, fit, out string
	queries, attacks                             string
	n                                            int
	lr                                           float64
	engine                                       graph.Choice
	audit                                        audit.Config
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if err := o.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "auditrun: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	c, t := &o.audit, &o.audit.Train
	fs := flag.NewFlagSet("auditrun", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.dataset, "dataset", "digits", "data `set`: "+strings.Join(data.Names(), ", ")+", or a file such as csv:FILE?label=COLUMN&id=COLUMN; go doc data.Open has all")
	fs.StringVar(&o.dir, "data", "", "`folder` with that set's own files; empty for $"+data.EnvData+"/<dataset>")
	fs.IntVar(&o.n, "n", 0, "examples of the pool, a stratified subset chosen by the seed; 0 for all training examples")
	fs.StringVar(&o.net, "net", "mlp:64-128-10", "`architecture`")
	fs.IntVar(&t.Epochs, "epochs", 20, "epochs of each model")
	fs.IntVar(&t.Batch, "batch", 64, "examples a step")
	fs.Float64Var(&o.lr, "lr", 0.05, "peak of the cosine learning rate")
	fs.Float64Var(&t.Momentum, "momentum", 0.9, "momentum, in [0, 1)")
	fs.Float64Var(&t.WeightDecay, "weight-decay", 0.0005, "weight decay")
	fs.Uint64Var(&t.Seed, "seed", 1, "seed of the whole audit")
	fs.StringVar(&o.forget, "candidates", "", "what may be forgotten: random:`SHARE`, class:LABEL, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE; empty for all")
	fs.Float64Var(&c.Share, "share", 0.2, "share of the candidates that a model trained on to forget")
	fs.StringVar(&o.methods, "methods", "mini", "`methods`: "+strings.Join(unlearning.Names(), ", "))
	fs.IntVar(&c.Shadows, "shadows", 64, "models to learn from")
	fs.IntVar(&c.Targets, "targets", 16, "models to attack")
	fs.StringVar(&o.fit, "fit", "shrunk", "fit of an example's signals: per-example, pooled, shrunk or student-t")
	fs.StringVar(&o.queries, "queries", "", "`copies` of each candidate to ask about besides itself: noise:SCALE, shift:PIXELS, mirror; none for none, empty for those that fit the data")
	fs.StringVar(&o.attacks, "attacks", "lira,direction", "`attacks` that learn from shadows: "+strings.Join(attackNames(), ", "))
	fs.Float64Var(&c.Level, "level", 0.95, "confidence of each verdict as a whole")
	fs.Float64Var(&c.Sensitivity, "sensitivity", 0.1, "share of what models before unlearning leak that must be found for a verdict of passed")
	fs.Float64Var(&c.Loss, "loss", 0.01, "loss of accuracy that must be found for it")
	fs.IntVar(&c.Deals, "deals", 999, "random deals that each test compares with")
	fs.IntVar(&c.Workers, "workers", 0, "models at a time; 0 for all cores")
	fs.StringVar(&o.out, "out", "audit.out", "`folder` for signals and reports")
	o.engine.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if err := o.check(fs); err != nil {
		fmt.Fprintf(stderr, "auditrun: %v\n", err)
		return nil, err
	}
	return o, nil
}

// check refuses what bench/sweep refuses, in its words. The library would take
// a zero for its own default and not for what was asked for.
func (o *options) check(fs *flag.FlagSet) error {
	c, t := o.audit, o.audit.Train
	switch {
	case fs.NArg() > 0:
		return fmt.Errorf("unexpected argument %q; lists take commas and no spaces", fs.Arg(0))
	case t.Epochs < 1 || t.Batch < 1 || c.Shadows < 1 || c.Targets < 1:
		return fmt.Errorf("-epochs %d, -batch %d, -shadows %d and -targets %d must be at least 1", t.Epochs, t.Batch, c.Shadows, c.Targets)
	case c.Workers < 0 || o.n < 0:
		return fmt.Errorf("-workers %d and -n %d must not be negative", c.Workers, o.n)
	case !(o.lr > 0) || math.IsInf(o.lr, 0):
		return fmt.Errorf("-lr %g must be above 0 and finite", o.lr)
	case !(t.Momentum >= 0 && t.Momentum < 1):
		return fmt.Errorf("-momentum %g is outside [0, 1)", t.Momentum)
	case !(t.WeightDecay >= 0) || math.IsInf(t.WeightDecay, 0):
		return fmt.Errorf("-weight-decay %g must be finite and not negative", t.WeightDecay)
	case !(c.Share > 0 && c.Share <= 1):
		return fmt.Errorf("-share %g is outside (0, 1]", c.Share)
	case !(c.Level > 0 && c.Level < 1):
		return fmt.Errorf("-level %g is outside (0, 1)", c.Level)
	case !(c.Sensitivity > 0 && c.Sensitivity <= 1) || !(c.Loss > 0 && c.Loss < 1):
		return fmt.Errorf("-sensitivity %g must be in (0, 1] and -loss %g in (0, 1)", c.Sensitivity, c.Loss)
	case c.Deals < 1:
		return fmt.Errorf("-deals %d must be at least 1", c.Deals)
	}
	return nil
}

// run makes the audit that the flags describe.
func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	c := &o.audit
	var ds *data.Splits
	var err error
	if o.dir != "" {
		ds, err = data.Load(o.dataset, o.dir)
	} else {
		ds, err = data.Open(ctx, o.dataset)
	}
	if err != nil {
		return err
	}
	if c.Data = ds.Train; o.n != 0 {
		if c.Data, err = data.Stratified(ds.Train, o.n, c.Train.Seed); err != nil {
			return err
		}
	}
	if c.Arch, err = nets.Parse(o.net, c.Data); err != nil {
		return err
	}
	if o.forget != "" {
		if c.Candidates, err = data.ParseForget(o.forget, c.Data, c.Train.Seed); err != nil {
			return err
		}
	}
	if c.Methods, err = audit.Parse(strings.Split(o.methods, ",")...); err != nil {
		return err
	}
	if c.Fit, err = parseFit(o.fit); err != nil {
		return err
	}
	for name := range strings.SplitSeq(o.attacks, ",") {
		a, ok := known(c.Fit)[strings.TrimSpace(name)]
		if !ok {
			return fmt.Errorf("unknown attack %q; known are %s", name, strings.Join(attackNames(), ", "))
		}
		c.Attacks = append(c.Attacks, a)
	}
	if o.queries != "" {
		if c.Queries, err = audit.ParseQueries(o.queries); err != nil {
			return err
		}
	}
	if c.Train.Engine, err = o.engine.Open(); err != nil {
		return err
	}
	c.Train.LR, c.Dir = nets.Cosine(o.lr), filepath.Join(o.out, "signals")
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		c.Progress = func(done, total int) { fmt.Fprintf(f, "\r\x1b[K%d of %d models", done, total) }
		defer fmt.Fprintln(f)
	}
	result, err := audit.Run(ctx, *c)
	if err != nil {
		return err
	}
	if err := result.Save(o.out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\nThe reports are in %s.\n", result, o.out)
	return err
}

// known are the attacks by name.
func known(fit attacks.Fit) map[string]attacks.Attack {
	all := map[string]attacks.Attack{}
	for _, a := range []attacks.Attack{
		attacks.LiRA{Fit: fit}, attacks.LiRA{Fit: fit, Offline: true}, attacks.LiRA{Published: true}, attacks.Direction{Fit: fit},
		attacks.RMIA{}, attacks.RMIA{Offline: true}, attacks.Threshold{}, attacks.ClassThreshold{},
	} {
		all[a.Name()] = a
	}
	return all
}

func attackNames() []string { return slices.Sorted(maps.Keys(known(attacks.Shrunk))) }

func parseFit(name string) (attacks.Fit, error) {
	var known []string
	for f := attacks.PerExample; f <= attacks.StudentT; f++ {
		if f.String() == name {
			return f, nil
		}
		known = append(known, f.String())
	}
	return 0, fmt.Errorf("unknown fit %q; known are %s", name, strings.Join(known, ", "))
}
