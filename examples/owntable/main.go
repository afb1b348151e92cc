// Owntable forgets one row of a table: from a CSV file to a report.
//
//	go run ./examples/owntable examples/owntable/patients.csv p-0017
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: owntable FILE ID, as in: owntable examples/owntable/patients.csv p-0017")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "owntable:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, path, id string) error {
	ds, err := data.Open(ctx, "csv:"+path+"?label=outcome&id=patient&missing=median")
	if err != nil {
		return err
	}
	rec := history.NewRecorder(history.LogitGradients())
	trained, err := nets.Train(ctx, nets.MLP(ds.Train.Features(), 16, ds.Train.Classes), ds.Train, nets.Config{
		Epochs: 30, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		return err
	}
	forget, err := data.ForgetByID(ds.Train, id)
	if err != nil {
		return err
	}
	p := unlearning.Problem{Run: trained, Forget: forget, History: rec.Record()}
	res, err := unlearning.Mini{}.Unlearn(ctx, p)
	if err != nil {
		return err
	}
	table, err := bench.Evaluate(ctx, p, ds.Test, res) // beside before, retrained, another seed, fast retraining
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, table)
	return err
}
