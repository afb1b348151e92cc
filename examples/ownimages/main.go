// Ownimages forgets one image: from a folder with a sub-folder for each class to
// a report.
//
//	go run ./examples/ownimages FOLDER cat/0001.png
//
// Without arguments it makes a folder of small pictures first.
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
	if err := prepare(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ownimages:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, folder string, names ...string) error {
	ds, err := data.Open(ctx, "images:"+folder+"?size=16x16")
	if err != nil {
		return err
	}
	net, err := nets.CNN("c8k3p1-m2-d32", ds.Train.Shape, ds.Train.Classes)
	if err != nil {
		return err
	}
	rec := history.NewRecorder(history.LogitGradients())
	trained, err := nets.Train(ctx, net, ds.Train, nets.Config{Epochs: 15, Batch: 16, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1, Hooks: []nets.Hook{rec}})
	if err != nil {
		return err
	}
	forget, err := data.ForgetByID(ds.Train, names...)
	if err != nil {
		return err
	}
	p := unlearning.Problem{Run: trained, Forget: forget, History: rec.Record()}
	res, err := unlearning.Mini{}.Unlearn(ctx, p)
	if err != nil {
		return err
	}
	table, err := bench.Evaluate(ctx, p, ds.Test, res)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, table)
	return err
}
