// Memorisation estimates by leaving examples out how much a training memorises each of
// them, and writes those that it memorises most as a set to forget:
//
//	go run ./bench/memorisation -dataset mnist -n 5000 -net mlp:784-100-10 -epochs 5 -lr 0.2 \
//		-seed 41 -models 40 -top 0.1 -out most.json
//	go run ./bench/sweep -dataset mnist -n 5000 -net mlp:784-100-10 -epochs 5 -lr 0.2 \
//		-seeds 41 -forget set:most.json
//
// The set names its examples by id and carries the fingerprint of the data, so that a sweep
// of other data, another -n or another seed refuses it. -estimates writes a CSV of all
// examples, with the proxy that costs nothing beside the estimates: the logit gradients of one
// run with that seed, which the forget set memorised:SHARE goes by. What is printed says how
// far the two agree. Package bench has the definition, LeaveOut.
package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/internal/flags"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	flags.Training
	seed           uint64
	models         int
	share, top     float64
	out, estimates string
}

func (o *options) check() error {
	switch {
	case len(o.Nets) != 1:
		return fmt.Errorf("-net %s: one architecture at a time", o.Nets.String())
	case o.out == "" && o.estimates == "":
		return errors.New("nothing would be written; name a file with -out or -estimates")
	case !(o.top > 0 && o.top < 1):
		return fmt.Errorf("-top %g is not a share above 0 and below 1", o.top)
	}
	return o.Check()
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("memorisation", flag.ContinueOnError)
	o.Define(fs)
	fs.Uint64Var(&o.seed, "seed", 1, "`seed` of the subset and of all trainings")
	fs.IntVar(&o.models, "models", 40, "`number` of trainings")
	fs.Float64Var(&o.share, "share", 0.7, "`share` of the examples that each is of")
	fs.Float64Var(&o.top, "top", 0.1, "`share` of the examples that are written as the most memorised")
	fs.StringVar(&o.out, "out", "", "`file` for the set of these, to be forgotten by set:FILE")
	fs.StringVar(&o.estimates, "estimates", "", "`file` for a CSV of all examples")
	if err := flags.Parse(fs, args, stderr, o.check); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if err := o.write(ctx, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "memorisation:", err)
		return 1
	}
	return 0
}

// write estimates, and writes what was asked for.
func (o *options) write(ctx context.Context, stdout, stderr io.Writer) error {
	splits, err := o.Open(ctx)
	if err != nil {
		return err
	}
	ds := splits.Train
	if o.N > 0 {
		if ds, err = data.Stratified(ds, o.N, o.seed); err != nil {
			return err
		}
	}
	arch, err := nets.Parse(o.Nets[0], ds)
	if err != nil {
		return err
	}
	cfg, err := o.Config()
	if err != nil {
		return err
	}
	cfg.Seed = o.seed
	if cfg.Engine, err = o.Engine.Open(); err != nil {
		return err
	}
	progress := func(text string) { fmt.Fprintln(stderr, text) }
	leaveOut := bench.LeaveOut{Models: o.models, Share: o.share, Progress: progress}
	if err := leaveOut.Check(ds.Len()); err != nil {
		return err
	}
	if o.out != "" && math.Round(o.top*float64(ds.Len())) < 1 { // before hours of training
		return fmt.Errorf("-top %g of %d examples is none", o.top, ds.Len())
	}
	rec, proxied := history.NewRecorder(history.LogitGradients()), cfg
	proxied.Hooks = []nets.Hook{rec}
	if _, err := nets.Train(ctx, arch, ds, proxied); err != nil {
		return err
	}
	alpha, _, err := rec.Record().LogitGradients()
	if err != nil {
		return err
	}
	e, err := leaveOut.Estimate(ctx, arch, ds, cfg)
	if err != nil {
		return err
	}
	values, proxy := e.Memorisation(), unlearning.Memorisation(alpha)
	if o.estimates != "" { // first, for they are what took long
		if err := atomicfile.Write(o.estimates, func(w io.Writer) error { return writeEstimates(w, ds, e, proxy) }); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "memorisation, by %d models of %g of the %d examples: %.3f on average\n", e.Trainings, o.share, ds.Len(), stat.Mean(values, nil))
	fmt.Fprintf(stdout, "logit gradients of one run: rank correlation %.3f\n", stat.Correlation(ranks(values), ranks(proxy), nil))
	if o.out == "" {
		return nil
	}
	most, err := e.Most(ds, o.top)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(o.out, func(w io.Writer) error { return data.WriteForget(w, ds, most) }); err != nil {
		return err
	}
	byProxy, err := unlearning.MostMemorised(rec.Record(), o.top)
	if err != nil {
		return err
	}
	sum := 0.0
	for i := range most.All() {
		sum += values[i]
	}
	fmt.Fprintf(stdout, "the %d most memorised: %.3f on average, and %d of them are the most by the logit gradients too, where chance would find %.0f\n",
		most.Len(), sum/float64(most.Len()), most.Count(byProxy.Positions()), o.top*float64(most.Len()))
	return nil
}

// writeEstimates writes a line for every example.
func writeEstimates(w io.Writer, ds *data.Dataset, e *bench.LeftOut, proxy []float64) error {
	lines := csv.NewWriter(w) // it quotes ids with commas
	lines.Write([]string{"id", "label", "memorisation", "in", "right_in", "out", "right_out", "logit_gradient"})
	real := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for i, v := range e.Memorisation() {
		lines.Write([]string{ds.Key(i), strconv.Itoa(int(ds.Y[i])), real(v), strconv.Itoa(e.In[i]), strconv.Itoa(e.RightIn[i]), strconv.Itoa(e.Out[i]), strconv.Itoa(e.RightOut[i]), real(proxy[i])})
	}
	lines.Flush()
	return lines.Error()
}

// ranks returns the ranks of values, equal ones having their mean.
func ranks(values []float64) []float64 {
	at := make([]int, len(values))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	rank := make([]float64, len(values))
	for i := 0; i < len(at); {
		j := i
		for j < len(at) && values[at[j]] == values[at[i]] {
			j++
		}
		for _, k := range at[i:j] {
			rank[k] = float64(i+j-1) / 2
		}
		i = j
	}
	return rank
}
