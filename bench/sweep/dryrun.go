package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/miniunlearn/miniunlearn/bench/grid"
)

// dryRun lists the cells and says what running them would take.
func dryRun(ctx context.Context, plan *grid.Plan, run grid.Options, stdout io.Writer) error {
	lines, err := plan.List(run)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "state\tcell\tdata\tnet\ttraining\tforget\tseed\tmethod")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", l.State, l.Address[:12], l.Data, l.Net, l.Train, l.Forget, l.Seed, l.Method)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	run.Say = nil // what there is to say was said
	e, err := plan.Estimate(ctx, run)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d cells, of which %d are done", len(lines), e.Done)
	if e.Failed > 0 {
		text += fmt.Sprintf(", %d of them by saying why their method could not run", e.Failed)
	}
	if e.Cells > 0 {
		text += fmt.Sprintf("; the other %d take %d base runs, %d retrainings and about %s of one worker on this machine", e.Cells, e.Runs, 6*e.References, about(e.Work))
	}
	_, err = fmt.Fprintln(stdout, text)
	return err
}
