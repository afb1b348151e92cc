package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/bench/page"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// output puts results where they belong. A stream has the lines of a cell as soon as
// those of all cells before it are there; a file is written when all are.
type output struct {
	o      *options
	plan   *grid.Plan
	shard  grid.Shard
	stdout io.Writer

	stream io.Writer // nil for a file
	rows   []*bench.Result
	next   int // the first row that the stream has not
}

// lineBytes is about what a result takes.
const lineBytes = 1 << 10

// newOutput meets a place that cannot be written, or has no room, before the work.
func newOutput(o *options, plan *grid.Plan, shard grid.Shard, stdout io.Writer) (*output, error) {
	t := &output{o: o, plan: plan, shard: shard, stdout: stdout, rows: make([]*bench.Result, len(plan.Cells))}
	fail := func(flag, path string, err error) error {
		return fmt.Errorf("%s %s cannot be written; choose another place: %w", flag, path, err)
	}
	switch {
	case o.out == "":
		t.stream = stdout
	case isStream(o.out):
		if err := atomicfile.Check(o.out); err != nil {
			return nil, fail("-out", o.out, err)
		}
		device, err := os.OpenFile(o.out, os.O_WRONLY, 0)
		if err != nil {
			return nil, fail("-out", o.out, err)
		}
		t.stream = device
	default:
		if err := atomicfile.Room(o.out, int64(len(plan.Cells))*lineBytes); err != nil {
			return nil, fail("-out", o.out, err)
		}
	}
	if o.page != "" {
		if err := atomicfile.Check(o.page); err != nil {
			return nil, fail("-page", o.page, err)
		}
	}
	return t, nil
}

// put takes the row of a cell; calls come one at a time.
func (t *output) put(i int, row bench.Row) error {
	t.rows[i] = &row.Result
	if t.stream == nil {
		return nil
	}
	for t.next < len(t.rows) && (t.rows[t.next] != nil || !t.plan.In(t.next, t.shard)) {
		if r := t.rows[t.next]; r != nil {
			if err := bench.WriteJSONL(t.stream, []bench.Result{*r}); err != nil {
				return err
			}
		}
		t.next++
	}
	return nil
}

// late are the rows that the stream has not: those behind one that is not there.
func (t *output) late() (rows []bench.Result) {
	for _, r := range t.rows[t.next:] {
		if r != nil {
			rows = append(rows, *r)
		}
	}
	return rows
}

// rescue does for the rows so far what an early end leaves to do, and says where they
// are and how to go on. What is kept nowhere goes to stdout, where not even that can
// be, into the answer.
func (t *output) rescue(out *grid.Outcome) string {
	var nowhere []bench.Result
	there := 0
	for _, r := range t.rows {
		if r != nil {
			there++
		}
	}
	where := "standard output"
	switch {
	case there == 0 && t.o.cells == "":
		return "no cell was finished"
	case t.stream != nil:
		if t.o.out != "" {
			where = t.o.out
		}
		late := t.late()
		if err := errors.Join(bench.WriteJSONL(t.stream, late), t.close()); err != nil {
			nowhere = late
			for _, r := range t.rows[:t.next] { // a device that fails is trusted with nothing
				if r != nil {
					nowhere = append(nowhere, *r)
				}
			}
		}
	case t.o.cells == "":
		nowhere = t.late()
	case out != nil:
		for _, i := range out.Lost {
			nowhere = append(nowhere, out.Rows[i].Result)
		}
	}
	said := ""
	if t.o.cells != "" {
		said = fmt.Sprintf("%d of %d cells are done and kept in %s; the same command does the rest", there-len(nowhere), len(t.rows), t.o.cells)
		if len(nowhere) == 0 {
			return said
		}
		said += "; "
	}
	if len(nowhere) > 0 {
		where = "standard output"
		if err := bench.WriteJSONL(t.stdout, nowhere); err != nil {
			var text bytes.Buffer
			_ = bench.WriteJSONL(&text, nowhere) // a buffer takes all, and the rows were checked
			return said + fmt.Sprintf("%s nowhere but here:\n%s", are(len(nowhere), "result", "results"), text.String())
		}
		there = len(nowhere)
	}
	return said + fmt.Sprintf("%s in %s", are(there, "result of a finished cell", "results of finished cells"), where)
}

// are says that there is one, or that there are several.
func are(n int, one, several string) string {
	if n == 1 {
		return "1 " + one + " is"
	}
	return fmt.Sprintf("%d %s are", n, several)
}

func (t *output) close() error {
	if c, ok := t.stream.(io.Closer); ok && t.o.out != "" {
		return c.Close()
	}
	return nil
}

// read takes the rows that the folder of the cells has.
func (t *output) read(run grid.Options) (*grid.Outcome, error) {
	out, err := t.plan.State(run)
	if err != nil {
		return nil, err
	}
	for i, r := range out.Rows {
		if r != nil && t.rows[i] == nil {
			if err := t.put(i, *r); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// finish writes what the run has come to.
func (t *output) finish(out *grid.Outcome) error {
	missing := out.Missing()
	if t.stream != nil {
		if err := bench.WriteJSONL(t.stream, t.late()); err != nil {
			return err
		}
		if err := t.close(); err != nil {
			return err
		}
	}
	if missing > 0 && !t.o.collect {
		_, err := fmt.Fprintf(t.stdout, "part %s is done; %d of %d cells are there, and when all are, the same command with -collect writes %s\n",
			t.shard, len(out.Rows)-missing, len(out.Rows), t.o.out)
		return err
	}
	if len(out.Rows) == missing {
		return fmt.Errorf("none of the %d cells of %s is there", missing, t.o.name())
	}
	results := out.Results()
	if t.stream == nil {
		if err := bench.WriteFile(t.o.out, results); err != nil && !errors.Is(err, atomicfile.ErrNotDurable) {
			return fmt.Errorf("%w; the cells are in %s, and the same command writes them where there is room", err, t.o.cells)
		}
	}
	var rows []bench.Row
	for _, r := range out.Rows {
		if r != nil {
			rows = append(rows, *r)
		}
	}
	table, err := bench.NewTraced(rows)
	if err != nil {
		return err
	}
	wrote := ""
	if t.o.page != "" {
		if err := t.writePage(table, out); err != nil {
			return err
		}
		wrote = " and a page to " + t.o.page
	}
	if t.stream == nil {
		if _, err := fmt.Fprintf(t.stdout, "%s\nwrote %d results to %s%s\n", table, len(results), t.o.out, wrote); err != nil {
			return err
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d of %d cells are missing", missing, len(out.Rows))
	}
	return nil
}

// writePage writes the page.
func (t *output) writePage(table *bench.Table, out *grid.Outcome) error {
	p := page.Page{
		Title: t.plan.Spec.Title, Table: table,
		Sources: []page.Source{{Name: t.o.name(), Note: fmt.Sprintf("%d results", len(table.Results))}},
		Echoes:  []page.Echo{{Name: "The experiment", Text: t.plan.Spec.String()}},
	}
	err := atomicfile.Write(t.o.page, p.Write)
	if errors.Is(err, atomicfile.ErrNotDurable) {
		return nil
	}
	return err
}

// echo leaves the experiment, as flags have made it, with the cells.
func (t *output) echo() error {
	if t.o.cells == "" {
		return nil
	}
	err := atomicfile.Write(filepath.Join(t.o.cells, "experiment.json"), func(w io.Writer) error {
		_, err := io.WriteString(w, t.plan.Spec.String())
		return err
	})
	if errors.Is(err, atomicfile.ErrNotDurable) {
		return nil
	}
	return err
}
