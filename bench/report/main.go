package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program; it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("report", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: report [-text | -brief | -against METHOD | -figure FILE] [-columns HEADS] [-methods NAMES] [FILE.jsonl ...]\n       report -fill PAGE.md")
		fs.PrintDefaults()
	}
	var o options
	fs.BoolVar(&o.text, "text", false, "aligned text instead of Markdown")
	fs.BoolVar(&o.brief, "brief", false, "one table for all sections, without titles")
	fs.StringVar(&o.against, "against", "", "compare this `method` with each rival of its cost instead")
	fs.StringVar(&o.columns, "columns", "", "show these columns, `heads` with semicolons between: "+strings.Join(bench.Columns(), "; "))
	fs.StringVar(&o.methods, "methods", "", "show these methods, `names` with commas between; mini stands for mini:0.1 as well")
	fs.StringVar(&o.figure, "figure", "", "draw the columns against cost into this `file` instead of a table: PNG, PDF or SVG by its ending")
	page := fs.String("fill", "", "make the tables of this Markdown `file` anew, each after a line <!-- report ARGUMENTS -->")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	err := o.check()
	switch {
	case *page != "" && (fs.NFlag() > 1 || fs.NArg() > 0):
		err = errors.New("-fill takes nothing but the page, whose lines <!-- report ARGUMENTS --> say the rest")
	case *page != "":
		err = fill(*page)
	case err == nil:
		err = report(fs.Args(), o, stdin, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	return 0
}

type options struct {
	text, brief              bool
	columns, methods, figure string
	against                  string
}

// check reports options that do not go together.
func (o options) check() error {
	shapes := 0
	for _, set := range []bool{o.text, o.brief, o.against != "", o.figure != ""} {
		if set {
			shapes++
		}
	}
	switch {
	case shapes > 1:
		return errors.New("-text, -brief, -against and -figure exclude each other")
	case o.against != "" && o.columns != "":
		return errors.New("-against has columns of its own, leave -columns out")
	case o.figure != "":
		_, err := bench.FigureFormat(o.figure)
		return err
	}
	return nil
}

// list returns the items of a flag, without the spaces around them.
func list(s, sep string) []string {
	items := strings.Split(s, sep)
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// only returns the results of the methods of those names, a name without a
// budget standing for those with one as well. It is an error if there are none
// of a name.
func only(results []bench.Result, names []string) ([]bench.Result, error) {
	var kept []bench.Result
	var known []string
	unknown := slices.Clone(names)
	for _, r := range results {
		if !slices.Contains(known, r.Method) {
			known = append(known, r.Method)
		}
		kind, _, _ := strings.Cut(r.Method, ":")
		is := func(name string) bool { return name == r.Method || name == kind }
		if slices.ContainsFunc(names, is) {
			kept = append(kept, r)
			unknown = slices.DeleteFunc(unknown, is)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("no results of %q; there are those of %s", unknown, strings.Join(known, ", "))
	}
	return kept, nil
}

func report(files []string, o options, stdin io.Reader, stdout io.Writer) error {
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
	if o.methods != "" {
		var err error
		if all, err = only(all, list(o.methods, ",")); err != nil {
			return err
		}
	}
	t, err := bench.NewTable(all)
	if err != nil {
		return err
	}
	var heads []string
	if o.columns != "" {
		heads = list(o.columns, ";")
		if err := t.Select(heads...); err != nil {
			return err
		}
	}
	switch {
	case o.figure != "":
		format, err := bench.FigureFormat(o.figure)
		if err != nil {
			return err
		}
		return atomicfile.Write(o.figure, func(w io.Writer) error { return t.WriteFigure(w, format, heads...) })
	case o.against != "":
		var text string
		if text, err = t.Against(o.against); err == nil {
			_, err = io.WriteString(stdout, text)
		}
	case o.text:
		_, err = io.WriteString(stdout, t.String())
	case o.brief:
		_, err = io.WriteString(stdout, t.Brief())
	default:
		_, err = io.WriteString(stdout, t.Markdown())
	}
	return err
}
