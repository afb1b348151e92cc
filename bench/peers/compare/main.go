package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := compare(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	plan
	out, from string
	markdown  []string
	rounds    int
	audit     bool
}

// compare is the program; it returns the exit status.
func compare(ctx context.Context, args []string, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "compare: %v\n", err)
		return 2
	}
	if err := o.run(ctx, stderr); err != nil {
		fmt.Fprintf(stderr, "compare: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	var markdown, threads string
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.out, "out", "", "`file` for the lines, such as docs/evidence/speed.jsonl")
	fs.StringVar(&o.from, "from", "", "make the tables of this `file` and run nothing")
	fs.StringVar(&markdown, "markdown", "", "comma-separated `files` whose marks to fill")
	fs.IntVar(&o.rounds, "rounds", 5, "rounds; 5 at least for figures to be kept")
	fs.Float64Var(&o.seconds, "seconds", 0.4, "time for each row and round")
	fs.StringVar(&o.nets, "nets", "mlp,lenet5,resnet8", "comma-separated")
	fs.StringVar(&o.batches, "batches", "32,128,512", "comma-separated; of training steps")
	fs.StringVar(&threads, "threads", "1,"+strconv.Itoa(max(2, runtime.NumCPU())), "comma-separated")
	fs.BoolVar(&o.audit, "audit", false, "time the audit of 64 shadows too")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	for s := range strings.SplitSeq(threads, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-threads %s: want positive numbers", threads)
		}
		o.threads = append(o.threads, n)
	}
	if markdown != "" {
		o.markdown = strings.Split(markdown, ",")
	}
	switch {
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q; lists take commas and no spaces", fs.Arg(0))
	case (o.out == "") == (o.from == ""):
		return nil, errors.New("give -out FILE to measure, or -from FILE to make tables of what was measured")
	case o.rounds < 1 || !(o.seconds > 0):
		return nil, fmt.Errorf("-rounds %d, -seconds %g: want at least 1 and more than 0", o.rounds, o.seconds)
	}
	return o, nil
}

func (o *options) run(ctx context.Context, stderr io.Writer) error {
	if o.from != "" {
		f, err := read(o.from)
		if err != nil {
			return err
		}
		return o.fill(f)
	}
	folder, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	o.folder = folder
	mod := strings.TrimSpace(output(ctx, "go", "env", "GOMOD"))
	if mod == "" || mod == os.DevNull {
		return errors.New("run this inside the module, by go run ./bench/peers/compare")
	}
	o.root = filepath.Dir(mod)
	f := &run{Machine: describe(ctx)}
	f.Machine.Seconds = o.seconds
	turns, err := o.build(ctx, stderr, &f.Machine)
	if err != nil {
		return err
	}
	start, used := time.Now(), readUsage()
	for i := range o.rounds {
		for _, t := range turns {
			before := time.Now()
			if err := t.take(ctx, o.root, f); err != nil {
				return fmt.Errorf("round %d: %w", i+1, err)
			}
			fmt.Fprintf(stderr, "round %d of %d: %s (%.0f s)\n", i+1, o.rounds, t.side, time.Since(before).Seconds())
		}
		slices.Reverse(turns)
		f.Machine.Rounds, f.Machine.WallS = i+1, time.Since(start).Seconds()
		f.Machine.Others = used.others(f.used, f.Machine.Cores)
		if err := f.write(o.out); err != nil {
			return err
		}
	}
	if o.audit {
		if f.Audit, err = runAudit(ctx, o.root, folder, stderr); err != nil {
			return err
		}
		if err := f.write(o.out); err != nil {
			return err
		}
	}
	if !f.Machine.idle() {
		fmt.Fprintf(stderr, "compare: other processes took %.0f%% of the cores' time: run this again on an idle machine\n", 100*f.Machine.Others)
	}
	return o.fill(f)
}

// fill makes the tables of f.
func (o *options) fill(f *run) error {
	for _, path := range o.markdown {
		if err := fillFile(path, f); err != nil {
			return err
		}
	}
	return nil
}
