// Replay does again what a ledger's journal tells of, from training on, and compares
// every model with the journal, bit by bit.
//
//	go run ./unlearning/ledger/replay -data SPEC -key FILE -requests FILE DIR
//
// It is for an auditor who has the data that were trained on, with all that has been
// forgotten since; the key; and the ids that each request named, as a JSON object:
// {"r-000001": ["p-4711"], …}. The engine must be the journal's. Its exit status is 1
// if anything differs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
	_ "github.com/miniunlearn/miniunlearn/unlearning/tune" // the same, tuned
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch same, err := run(ctx, os.Stdout, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(2)
	case !same:
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) (same bool, err error) {
	var choice graph.Choice
	fs := flag.NewFlagSet("replay", flag.ContinueOnError)
	spec := fs.String("data", "", "the data, as data.Open reads them; their training part was trained on")
	keyFile := fs.String("key", "", "the file of the ledger's key")
	requests := fs.String("requests", "", "a JSON file of the ids that each request named")
	choice.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return false, err
	}
	if fs.NArg() != 1 || *spec == "" || *keyFile == "" {
		return false, errors.New("name -data, -key and the folder of one ledger; -h tells more")
	}
	engine, err := choice.Open()
	if err != nil {
		return false, err
	}
	entries, err := ledger.ReadJournal(fs.Arg(0))
	if err != nil {
		return false, err
	}
	o := ledger.Replaying{Engine: engine}
	if _, err := os.Stat(*keyFile); err != nil {
		return false, err // KeyFile would make one
	}
	if o.Key, err = ledger.KeyFile(*keyFile); err != nil {
		return false, err
	}
	if *requests != "" {
		raw, err := os.ReadFile(*requests)
		if err == nil {
			err = json.Unmarshal(raw, &o.Requests)
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", *requests, err)
		}
	}
	ds, err := data.Open(ctx, *spec)
	if err != nil {
		return false, err
	}
	if o.Dir, err = os.MkdirTemp("", "replay"); err != nil {
		return false, err
	}
	defer os.RemoveAll(o.Dir)
	same = true
	o.Progress = func(d ledger.Replayed) {
		verdict := "the same bits"
		if !d.Same {
			verdict, same = "DIFFERENT: "+d.After, false
		}
		fmt.Fprintf(out, "entry %3d  %-9s  %s  %s\n", d.Entry.Number, d.Entry.Kind, d.Entry.After, verdict)
	}
	_, err = ledger.Replay(ctx, entries, ds.Train, o)
	return same, err
}
