package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/charts"
	"github.com/miniunlearn/miniunlearn/bench/page"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// options are the flags.
type options struct {
	text, brief, latex, csv bool
	against, judge, closer  string
	figure, html            string
	columns, methods, by    string
	sort                    string
	title                   string
}

// run is the program; it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("report", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: report [-html FILE | -figure FILE | -text | -brief | -latex | -csv | -against METHOD | -judge METHOD | -closer METHOD,RIVAL] [-columns HEADS] [-methods NAMES] [RESULTS ...]\n       report -fill PAGE.md")
		fs.PrintDefaults()
	}
	var o options
	fs.StringVar(&o.html, "html", "", "write a page with everything into this `file`, which needs no other")
	fs.StringVar(&o.title, "title", "", "`title` of the page")
	fs.StringVar(&o.figure, "figure", "", "draw into this `file`: PNG, PDF or SVG by its ending")
	fs.StringVar(&o.by, "by", "", "`axis` of the figure: "+charts.ByCost+", "+charts.ByRatio+" or "+charts.ByMethod+"; empty chooses")
	fs.BoolVar(&o.text, "text", false, "aligned text instead of Markdown")
	fs.BoolVar(&o.brief, "brief", false, "one Markdown table for all sections, without titles")
	fs.BoolVar(&o.latex, "latex", false, "LaTeX, for the package booktabs")
	fs.BoolVar(&o.csv, "csv", false, "comma-separated values, with all digits")
	fs.StringVar(&o.against, "against", "", "compare this `method` with each rival of its cost instead")
	fs.StringVar(&o.judge, "judge", "", "hold this `method`, with its budget, against the criteria of bench.Table.Judge instead")
	fs.StringVar(&o.closer, "closer", "", "compare how near two `methods` come to retraining, METHOD,RIVAL, at no more cost than the rival's, instead")
	fs.StringVar(&o.columns, "columns", "", "show these columns, `heads` with semicolons between: "+strings.Join(bench.Columns(), "; "))
	fs.StringVar(&o.sort, "sort", "", "show methods in the order of this column, by its `head`, the least first")
	fs.StringVar(&o.methods, "methods", "", "show these methods, `names` with commas between; mini stands for mini:0.1 as well")
	markdown := fs.String("fill", "", "make the tables of this Markdown `file` anew, each after a line <!-- report ARGUMENTS -->")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	err := o.check()
	switch {
	case *markdown != "" && (fs.NFlag() > 1 || fs.NArg() > 0):
		err = errors.New("-fill takes nothing but the page, whose lines <!-- report ARGUMENTS --> say the rest")
	case *markdown != "":
		err = fill(*markdown)
	case err == nil:
		err = o.report(fs.Args(), stdin, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	return 0
}

// check reports options that do not go together.
func (o options) check() error {
	shapes := 0
	for _, set := range []bool{o.text, o.brief, o.latex, o.csv, o.against != "", o.judge != "", o.closer != "", o.figure != "", o.html != ""} {
		if set {
			shapes++
		}
	}
	switch {
	case shapes > 1:
		return errors.New("-html, -figure, -text, -brief, -latex, -csv, -against, -judge and -closer exclude each other")
	case (o.against != "" || o.judge != "" || o.closer != "") && (o.columns != "" || o.sort != ""):
		return errors.New("-against, -judge and -closer have columns and an order of their own, leave -columns and -sort out")
	case o.closer != "" && len(list(o.closer, ",")) != 2:
		return fmt.Errorf("-closer %q: write the method and its rival, as in mini,deltagrad", o.closer)
	case o.judge != "" && o.methods != "":
		return errors.New("-judge needs the rows of all methods, leave -methods out")
	case o.by != "" && o.figure == "":
		return errors.New("-by is of a figure; name its file with -figure")
	case o.title != "" && o.html == "":
		return errors.New("-title is of a page; name its file with -html")
	case o.figure != "":
		_, err := charts.Format(o.figure)
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

// report makes what the options ask for.
func (o options) report(paths []string, stdin io.Reader, stdout io.Writer) error {
	in, err := read(paths, stdin)
	if err != nil {
		return err
	}
	if len(in.audits) > 0 && o.html == "" {
		return fmt.Errorf("%s holds an audit, which only a page shows; ask for one with -html", in.sources[slices.Index(in.isAudit, true)].Name)
	}
	if o.methods != "" {
		if in.results, err = only(in.results, list(o.methods, ",")); err != nil {
			return err
		}
	}
	t, err := bench.NewTable(in.results)
	if err != nil {
		return err
	}
	if o.sort != "" {
		if err := t.Sort(o.sort); err != nil {
			return err
		}
	}
	if o.columns != "" {
		if err := t.Select(list(o.columns, ";")...); err != nil {
			return err
		}
	}
	var text bytes.Buffer // nothing is written before all went well
	switch {
	case o.html != "":
		p := page.Page{Title: o.title, Audits: in.audits, Sources: in.sources}
		if len(in.results) > 0 {
			p.Table = t
		}
		if err := p.Write(&text); err != nil {
			return err
		}
		return write(o.html, text.Bytes())
	case o.figure != "":
		if err := o.draw(t, &text); err != nil {
			return err
		}
		return write(o.figure, text.Bytes())
	case o.against != "":
		s, err := t.Against(o.against)
		if err != nil {
			return err
		}
		text.WriteString(s)
	case o.judge != "":
		s, err := t.Judged(o.judge)
		if err != nil {
			return err
		}
		text.WriteString(s)
	case o.closer != "":
		names := list(o.closer, ",")
		s, err := t.WriteCloser(names[0], names[1])
		if err != nil {
			return err
		}
		text.WriteString(s)
	case o.csv:
		err = t.WriteCSV(&text)
	case o.latex:
		text.WriteString(t.LaTeX())
	case o.text:
		text.WriteString(t.String())
	case o.brief:
		text.WriteString(t.Brief())
	default:
		text.WriteString(t.Markdown())
	}
	if err != nil {
		return err
	}
	_, err = stdout.Write(text.Bytes())
	return err
}

// draw draws the table's studies beneath each other.
func (o options) draw(t *bench.Table, w io.Writer) error {
	format, err := charts.Format(o.figure)
	if err != nil {
		return err
	}
	var columns []bench.Column
	if o.columns != "" {
		columns = t.Shown()
	}
	var figures []*charts.Figure
	for _, s := range t.Studies() {
		some, err := charts.Of(s, o.by, columns)
		if err != nil {
			return err
		}
		figures = append(figures, some...)
	}
	return charts.Stack(figures).Write(w, format)
}

func write(path string, content []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}
