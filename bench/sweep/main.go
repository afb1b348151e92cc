package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/miniunlearn/miniunlearn/bench"
	_ "github.com/miniunlearn/miniunlearn/data/parquet"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch"       // empty without its build tag
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines" // the methods to compare with
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	failed, err := sweep(ctx, o, stdout, newStatus(stderr))
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintf(stderr, "sweep: interrupted: %v\n", err)
		return 1
	case err != nil:
		fmt.Fprintf(stderr, "sweep: %v\n", err)
		return 1
	case failed > 0:
		fmt.Fprintf(stderr, "sweep: %d results have no values, because the method could not run; their field \"error\" says why\n", failed)
		return 3
	}
	return 0
}

// sweep runs the cells and returns the number of rows that say why there are no
// values in them.
func sweep(ctx context.Context, o *options, stdout io.Writer, st *status) (failed int, err error) {
	cells, err := o.experiments(ctx)
	if err != nil {
		return 0, err
	}
	for i := range cells {
		cells[i].Progress = st.show
		if err := cells[i].Check(); err != nil {
			return 0, err
		}
	}
	engines, err := o.engines(min(o.workers, len(cells)))
	if err != nil {
		return 0, err
	}
	k, err := newKeeper(o.out, stdout, len(cells), len(cells)*len(o.Methods))
	if err != nil {
		return 0, err
	}
	err = runAll(ctx, cells, engines, k.put)
	st.clear()
	if err == nil {
		err = k.finish()
	}
	if err != nil {
		return 0, fmt.Errorf("%w; %s", err, k.rescue(stdout))
	}
	results := k.so()
	for _, r := range results {
		if r.Error != "" {
			failed++
		}
	}
	if o.out == "" {
		return failed, nil
	}
	table, err := bench.NewTable(results)
	if err != nil {
		return failed, err
	}
	_, err = fmt.Fprintf(stdout, "%s\nwrote %d results to %s\n", table, len(results), o.out)
	return failed, err
}

// engines returns one for each of n workers, who share the cores. The threads of
// libtorch are the environment's choice, since its bits depend on them.
func (o *options) engines(n int) ([]graph.Engine, error) {
	engines := make([]graph.Engine, n)
	for i := range engines {
		e, err := o.Engine.Open()
		if err != nil {
			return nil, err
		}
		if _, ok := e.(*graph.Walker); ok {
			e = graph.NewWalker(max(1, runtime.GOMAXPROCS(0)/n))
		}
		engines[i] = e
	}
	return engines, nil
}

// runAll runs the cells, one at a time on each engine, and gives put the rows of
// each as it finishes. The first error stops the others.
func runAll(ctx context.Context, cells []bench.Experiment, engines []graph.Engine, put func(int, []bench.Result) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var first error
	var once sync.Once
	fail := func(err error) { once.Do(func() { first = err; stop() }) }
	next := make(chan int)
	var wg sync.WaitGroup
	for _, engine := range engines {
		wg.Go(func() {
			for i := range next {
				cells[i].Config.Engine = engine
				rows, err := cells[i].Run(ctx)
				if err == nil {
					err = put(i, rows)
				}
				if err != nil {
					fail(err)
				}
			}
		})
	}
	for i := range cells {
		if ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	return cmp.Or(first, ctx.Err())
}

// status shows one line of progress on a terminal, and nothing elsewhere.
type status struct {
	mu sync.Mutex
	w  io.Writer
}

func newStatus(w io.Writer) *status {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &status{w: w}
	}
	return &status{}
}

const clearLine = "\r\x1b[K"

func (s *status) show(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w != nil {
		fmt.Fprint(s.w, clearLine+text)
	}
}

func (s *status) clear() { s.show("") }
