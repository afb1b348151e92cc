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

	"golang.org/x/term"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
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
	err = sweep(ctx, o, stdout, newStatus(stderr))
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "sweep: interrupted, nothing was written: %v\n", err)
	default:
		fmt.Fprintf(stderr, "sweep: %v\n", err)
	}
	return 1
}

func sweep(ctx context.Context, o *options, stdout io.Writer, st *status) error {
	cells, err := o.experiments()
	if err != nil {
		return err
	}
	for i := range cells {
		cells[i].Progress = st.show
		if err := cells[i].Check(); err != nil {
			return err
		}
	}
	if o.out != "" { // before the work is done
		if err := atomicfile.Check(o.out); err != nil {
			return fmt.Errorf("-out %s cannot be written; choose another place: %w", o.out, err)
		}
	}
	engines, err := o.engines(min(o.workers, len(cells)))
	if err != nil {
		return err
	}
	results, err := runAll(ctx, cells, engines)
	st.clear()
	if err != nil {
		return err
	}
	if o.out == "" {
		return bench.WriteJSONL(stdout, results)
	}
	if err := bench.WriteFile(o.out, results); err != nil {
		return err
	}
	table, err := bench.NewTable(results)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\nwrote %d results to %s\n", table, len(results), o.out)
	return err
}

// engines returns one for each of n workers, who share the cores. The threads of
// libtorch are the environment's choice, since its bits depend on them.
func (o *options) engines(n int) ([]graph.Engine, error) {
	engines := make([]graph.Engine, n)
	for i := range engines {
		e, err := o.engine.Open()
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

// runAll runs the cells, one at a time on each engine, and returns their results
// in the order of the cells. The first error stops the others.
func runAll(ctx context.Context, cells []bench.Experiment, engines []graph.Engine) ([]bench.Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var first error
	var once sync.Once
	fail := func(err error) { once.Do(func() { first = err; stop() }) }
	rows := make([][]bench.Result, len(cells))
	next := make(chan int)
	var wg sync.WaitGroup
	for _, engine := range engines {
		wg.Go(func() {
			for i := range next {
				cells[i].Config.Engine = engine
				var err error
				if rows[i], err = cells[i].Run(ctx); err != nil {
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
	if err := cmp.Or(first, ctx.Err()); err != nil {
		return nil, err
	}
	var all []bench.Result
	for _, r := range rows {
		all = append(all, r...)
	}
	return all, nil
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
