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
// Probes look where an audit has no answers: at noise that only forgotten examples had,
// at what comes back when training goes on, and at one run too dear to repeat.
//
//	go run ./bench/auditrun … -probe poison:0.5
//	go run ./bench/auditrun … -probe relearn:5
//	go run ./bench/auditrun … -candidates random:0.2 -probe canaries:mislabelled
//	go run ./bench/auditrun … -net logistic -probe reconstruct
//
// The models' answers go to -out/signals and the reports to -out. Interrupted, the same
// command goes on where it was. A finished audit takes more methods behind the others in
// -methods: only these forget and are judged. The trained models, with their records, stay in
// -out/signals/runs for that, up to -keep-runs; what is not there, because there was no room
// or a method asks for another record, is trained again.
//
// Builds with the tag libtorch take -engine libtorch -device cuda; see docs/gpu.md, and on the
// CPU set OMP_NUM_THREADS=1.
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
	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/bench/internal/flags"
	"github.com/miniunlearn/miniunlearn/data"
	_ "github.com/miniunlearn/miniunlearn/data/parquet"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // the methods to compare with
	_ "github.com/miniunlearn/miniunlearn/unlearning/tune"      // the same, tuned
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags that the library has no type for.
type options struct {
	flags.Training
	forget, fit, out, queries, probe string
	attacks                          flags.List
	seed                             uint64
	keep                             grid.Size
	audit                            audit.Config
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
	o := &options{Training: flags.Training{Methods: flags.List{"mini"}}, attacks: flags.List{"lira", "direction"}, keep: 10e9}
	c := &o.audit
	fs := flag.NewFlagSet("auditrun", flag.ContinueOnError)
	o.Define(fs)
	fs.Uint64Var(&o.seed, "seed", 1, "seed of the whole audit")
	fs.StringVar(&o.forget, "candidates", "", "what may be forgotten: random:`SHARE`, class:LABEL, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE; empty for all")
	fs.Float64Var(&c.Share, "share", 0.2, "share of the candidates that a model trained on to forget")
	fs.IntVar(&c.Shadows, "shadows", 64, "models to learn from")
	fs.IntVar(&c.Targets, "targets", 16, "models to attack")
	fs.StringVar(&o.fit, "fit", "shrunk", "fit of an example's signals: per-example, pooled, shrunk or student-t")
	fs.StringVar(&o.queries, "queries", "", "`copies` of each candidate to ask about besides itself: noise:SCALE, shift:PIXELS, mirror; none for none, empty for those that fit the data")
	fs.Var(&o.attacks, "attacks", "`attacks` that learn from shadows: "+strings.Join(attackNames(), ", "))
	fs.StringVar(&o.probe, "probe", "", "in place of the audit, a `probe` that trains its own models: poison:SCALE, relearn:EPOCHS, canaries, canaries:mislabelled or reconstruct")
	fs.Float64Var(&c.Level, "level", 0.95, "confidence of each verdict as a whole")
	fs.Float64Var(&c.Sensitivity, "sensitivity", 0.1, "share of what models before unlearning leak that must be found for a verdict of passed")
	fs.Float64Var(&c.Loss, "loss", 0.01, "loss of accuracy that must be found for it")
	fs.IntVar(&c.Deals, "deals", 999, "random deals that each test compares with")
	fs.IntVar(&c.Workers, "workers", 0, "models at a time; 0 for all cores")
	fs.Var(&o.keep, "keep-runs", "`size` of trained models that stay for methods which the audit gets later, such as 500MB; 0 for none")
	fs.StringVar(&o.out, "out", "audit.out", "`folder` for signals and reports")
	return o, flags.Parse(fs, args, stderr, o.check)
}

// check refuses numbers that make no sense.
func (o *options) check() error {
	c := o.audit
	if o.probe != "" {
		if _, _, err := parseProbe(o.probe); err != nil {
			return err
		}
	}
	switch {
	case len(o.Nets) > 1:
		return fmt.Errorf("-net %s: an audit is of one architecture", &o.Nets)
	case c.Shadows < 1 || c.Targets < 1:
		return fmt.Errorf("-shadows %d and -targets %d must be at least 1", c.Shadows, c.Targets)
	case c.Workers < 0:
		return fmt.Errorf("-workers %d must not be negative", c.Workers)
	case !(c.Share > 0 && c.Share <= 1):
		return fmt.Errorf("-share %g is outside (0, 1]", c.Share)
	case !(c.Level > 0 && c.Level < 1):
		return fmt.Errorf("-level %g is outside (0, 1)", c.Level)
	case !(c.Sensitivity > 0 && c.Sensitivity <= 1) || !(c.Loss > 0 && c.Loss < 1):
		return fmt.Errorf("-sensitivity %g must be in (0, 1] and -loss %g in (0, 1)", c.Sensitivity, c.Loss)
	case c.Deals < 1:
		return fmt.Errorf("-deals %d must be at least 1", c.Deals)
	}
	return o.Check()
}

// run makes the audit that the flags describe.
func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	c := &o.audit
	var err error
	if c.Train, err = o.Config(); err != nil {
		return err
	}
	c.Train.Seed = o.seed
	ds, err := o.Open(ctx)
	if err != nil {
		return err
	}
	if c.Data = ds.Train; o.N != 0 {
		if c.Data, err = data.Stratified(ds.Train, o.N, o.seed); err != nil {
			return err
		}
	}
	if c.Arch, err = nets.Parse(o.Nets[0], c.Data); err != nil {
		return err
	}
	if o.forget != "" {
		if c.Candidates, err = data.ParseForget(o.forget, c.Data, o.seed); err != nil {
			return err
		}
	}
	if c.Methods, err = audit.Parse(o.Methods...); err != nil {
		return err
	}
	if c.Fit, err = parseFit(o.fit); err != nil {
		return err
	}
	for i, name := range o.attacks {
		a, ok := known(c.Fit)[strings.ToLower(name)]
		switch {
		case !ok:
			return flags.Unknown("attack", name, attackNames())
		case slices.ContainsFunc(o.attacks[:i], func(other string) bool { return strings.EqualFold(other, name) }):
			return fmt.Errorf("attack %q twice: it would count twice among the tests of the verdict", name)
		}
		c.Attacks = append(c.Attacks, a)
	}
	if o.queries != "" {
		if c.Queries, err = audit.ParseQueries(o.queries); err != nil {
			return err
		}
	}
	if c.Train.Engine, err = o.Engine.Open(); err != nil {
		return err
	}
	c.Dir, c.KeepRuns = filepath.Join(o.out, "signals"), int64(o.keep)
	c.Say = func(text string) { fmt.Fprintf(stderr, "auditrun: %s\n", text) }
	if o.probe != "" {
		return o.runProbe(ctx, stdout)
	}
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
		attacks.RMIA{}, attacks.RMIA{Offline: true}, attacks.RULI{}, attacks.Threshold{}, attacks.ClassThreshold{},
	} {
		all[a.Name()] = a
	}
	return all
}

func attackNames() []string { return slices.Sorted(maps.Keys(known(attacks.Shrunk))) }

func parseFit(name string) (attacks.Fit, error) {
	var known []string
	for f := attacks.PerExample; f <= attacks.StudentT; f++ {
		if f.String() == strings.ToLower(name) {
			return f, nil
		}
		known = append(known, f.String())
	}
	return 0, flags.Unknown("fit", name, known)
}
