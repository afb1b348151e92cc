// Ours times this project's training steps, gradients, Hessian-vector products,
// matrix products and the training of many models, and prints the JSON lines
// of torch_steps.py:
//
//	go run ./bench/peers/ours -threads 1
//	go run -tags openblas ./bench/peers/ours -threads 1 -isa native
//
// A step is taken as training takes it: rows gathered from the data set, the
// gradient, and the update with momentum and weight decay.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/internal/gemm"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	threads int
	isa     string
	plan    timing.Plan
	nets    []timing.Net
	batches []int
	hvps    []int // batches of grad and hvp
	what    []string
	size    int // side of the matrices
}

var kinds = []string{"step", "grad", "hvp", "gemm", "many"}

// run is the program; it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "ours: %v\n", err)
		return 2
	}
	runtime.GOMAXPROCS(o.threads)
	if err := o.run(context.Background(), stdout); err != nil {
		fmt.Fprintf(stderr, "ours: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	var nets, batches, hvps, what string
	fs := flag.NewFlagSet("ours", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&o.threads, "threads", 1, "`n` for GOMAXPROCS")
	fs.StringVar(&o.isa, "isa", "avx2", "the limit that the caller has set, avx2 or native; it is printed only")
	fs.IntVar(&o.plan.Steps, "steps", 0, "timed repetitions; 0: as many as fit into -seconds")
	fs.Float64Var(&o.plan.Seconds, "seconds", 2, "time for each row")
	fs.StringVar(&nets, "nets", "mlp,lenet5,resnet8", "comma-separated, of mlp, lenet5, resnet8")
	fs.StringVar(&batches, "batches", "32,128,512", "comma-separated; many models train at batch 128")
	fs.StringVar(&hvps, "hvp-batches", "", "batches of grad and hvp; empty: those of -batches")
	fs.StringVar(&what, "what", "step,grad,hvp", "comma-separated, of "+strings.Join(kinds, ", "))
	fs.IntVar(&o.size, "size", 512, "side of the square matrices of gemm")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; lists take commas and no spaces", fs.Arg(0))
	}
	if o.threads < 1 || o.plan.Steps < 0 || o.size < 1 || !(o.plan.Seconds > 0) {
		return nil, fmt.Errorf("-threads %d, -steps %d, -size %d, -seconds %g: want at least 1, 0, 1 and more than 0", o.threads, o.plan.Steps, o.size, o.plan.Seconds)
	}
	if o.isa != "avx2" && o.isa != "native" {
		return nil, fmt.Errorf("-isa %s: want avx2 or native", o.isa)
	}
	for name := range strings.SplitSeq(nets, ",") {
		all := timing.Nets()
		i := slices.IndexFunc(all, func(n timing.Net) bool { return n.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-nets %s: want some of mlp, lenet5, resnet8", name)
		}
		o.nets = append(o.nets, all[i])
	}
	if hvps == "" {
		hvps = batches
	}
	var err error
	if o.batches, err = numbers("-batches", batches); err != nil {
		return nil, err
	}
	if o.hvps, err = numbers("-hvp-batches", hvps); err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(what, ",") {
		if !slices.Contains(kinds, name) {
			return nil, fmt.Errorf("-what %s: want some of %s", name, strings.Join(kinds, ", "))
		}
		o.what = append(o.what, name)
	}
	return o, nil
}

func numbers(option, list string) (r []int, err error) {
	for s := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s %s: want positive numbers", option, list)
		}
		r = append(r, n)
	}
	return r, nil
}

// wants reports whether what is to be timed at a batch.
func (o *options) wants(what string, batch int) bool {
	batches := o.hvps
	if what == "step" {
		batches = o.batches
	}
	return slices.Contains(o.what, what) && slices.Contains(batches, batch)
}

func (o *options) run(ctx context.Context, w io.Writer) error {
	enc := json.NewEncoder(w)
	print := func(what, net string, batch int, r timing.Row) error {
		r.What, r.Net, r.Batch, r.Threads, r.ISA = what, net, batch, o.threads, o.isa
		r.Peer, r.Kernels = "miniunlearn", gemm.Name()
		return enc.Encode(r)
	}
	for _, n := range o.nets {
		sizes := append(slices.Clone(o.batches), o.hvps...)
		slices.Sort(sizes)
		for _, batch := range slices.Compact(sizes) {
			if err := o.net(n, batch, print); err != nil {
				return fmt.Errorf("%s, batch %d: %w", n.Name, batch, err)
			}
		}
		if slices.Contains(o.what, "many") {
			if err := o.many(ctx, n, print); err != nil {
				return fmt.Errorf("%s, many models: %w", n.Name, err)
			}
		}
	}
	if slices.Contains(o.what, "gemm") {
		return o.products(print)
	}
	return nil
}
