// Generate writes a table like Covtype or HIGGS, in the format of the original
// file: see package synthetic, which says what that is and is not.
//
//	go run ./data/generate -n 1000000 -out HIGGS.csv higgs-like
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/data/synthetic"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("generate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	n := fs.Int("n", 100_000, "rows")
	seed := fs.Uint64("seed", 1, "seed")
	out := fs.String("out", "", "`file`; empty for stdout")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 || *n < 1 {
		return errors.New("say how many rows, at least 1, and of which kind, covtype-like or higgs-like: generate -n ROWS KIND")
	}
	k, err := synthetic.ByName(fs.Arg(0))
	if err != nil {
		return err
	}
	if *out == "" {
		return k.WriteCSV(stdout, *n, *seed)
	}
	return atomicfile.Write(*out, func(w io.Writer) error { return k.WriteCSV(w, *n, *seed) })
}
