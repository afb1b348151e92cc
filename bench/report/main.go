package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/bench"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program; it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("report", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: report [-text] [FILE.jsonl ...]")
		fs.PrintDefaults()
	}
	text := fs.Bool("text", false, "aligned text instead of Markdown")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := report(fs.Args(), *text, stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	return 0
}

func report(files []string, text bool, stdin io.Reader, stdout io.Writer) error {
	var all []bench.Result
	for _, f := range files {
		results, err := bench.ReadFile(f)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	if len(files) == 0 {
		var err error
		if all, err = bench.ReadJSONL(stdin, "stdin"); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("no results to report; give files that bench/sweep wrote")
	}
	t, err := bench.NewTable(all)
	if err != nil {
		return err
	}
	out := t.Markdown()
	if text {
		out = t.String()
	}
	_, err = io.WriteString(stdout, out)
	return err
}
