package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// train trains on the owner's table and makes a ledger of the run. If it is
// interrupted and called again, training goes on from where it was.
func train(ctx context.Context, out io.Writer, f folder) error {
	if _, err := os.Stat(f.table()); err != nil {
		if err := errors.Join(os.MkdirAll(string(f), 0o700), f.makeTable()); err != nil {
			return err
		}
	}
	ds, err := data.Open(ctx, f.spec())
	if err != nil {
		return err
	}
	_, _, err = history.Train(ctx, f.run(), history.LogitGradients(), nets.MLP(ds.Train.Features(), 64, ds.Train.Classes), ds.Train, nets.Config{
		Epochs: 30, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
	})
	if err != nil {
		return err
	}
	key, err := ledger.KeyFile(f.key())
	if err != nil {
		return err
	}
	l, err := ledger.Create(ctx, f.run(), ds.Train, ledger.Options{
		Key: key, Unseen: ds.Validation, Limits: ledger.Limits{Share: 0.2}, // then it asks for retraining
	})
	if err != nil {
		return err
	}
	if err := answer(ctx, out, l, ds.Test); err != nil {
		return err
	}
	return l.Close()
}

// serve notes the requests of customers and serves them in batches. Everything that
// it finds done, it does not do again.
func serve(ctx context.Context, out io.Writer, f folder, customers []string) error {
	// What a crash may have left: rows of requests that have been served. The journal
	// tells which these are before anything is opened.
	asked, err := f.readAsked()
	if err != nil {
		return err
	}
	entries, err := ledger.ReadJournal(f.run())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := f.deleteServed(e, asked); err != nil {
			return err
		}
	}

	ds, err := ledger.OpenData(ctx, f.run(), f.spec()) // what is left, treated as it was when training
	if err != nil {
		return err
	}
	key, err := ledger.KeyFile(f.key())
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, f.run(), ds.Train, ledger.Options{Key: key, Unseen: ds.Validation, DueExamples: 16})
	if err != nil {
		return err
	}
	defer l.Close()
	for _, r := range l.Waiting() {
		fmt.Fprintf(out, "%s was waiting: %s\n", r.ID, strings.Join(r.IDs, ", "))
		asked[r.ID] = r.IDs
	}
	if err := f.writeAsked(asked); err != nil { // a crash may have been between the two lists
		return err
	}
	known := slices.Concat(slices.Collect(maps.Values(asked))...)
	for _, customer := range customers {
		if slices.Contains(known, customer) {
			continue
		}
		known = append(known, customer)
		id, err := l.Request(customer)
		var none *data.IDError
		if errors.As(err, &none) { // all rows are in the test or validation part
			fmt.Fprintf(out, "%s was not trained on: rows, if there are any, are deleted, and that is all\n", customer)
			err = f.deleteRows([]string{customer})
		} else if err == nil {
			fmt.Fprintf(out, "%s waits: %s\n", id, customer)
			asked[id] = []string{customer}
			err = f.writeAsked(asked)
		}
		if err != nil {
			return err
		}
		if l.Due() {
			if err := forget(ctx, out, f, l, asked, ds.Test); err != nil {
				return err
			}
		}
	}
	if len(l.Waiting()) > 0 { // the last ones need not wait until a batch is full
		return forget(ctx, out, f, l, asked, ds.Test)
	}
	return nil
}

// forget serves what waits, and deletes the rows.
func forget(ctx context.Context, out io.Writer, f folder, l *ledger.Ledger, asked map[string][]string, test *data.Dataset) error {
	var ids []string
	for _, r := range l.Waiting() {
		ids = append(ids, r.ID)
	}
	fmt.Fprintf(out, "forgetting %s\n", strings.Join(ids, ", "))
	r, err := l.Forget(ctx, unlearning.Mini{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "forgotten: %d examples, for %.3f of retraining's work\n", r.Examples, r.Cost.OfRetraining)
	if err := f.deleteServed(r.Entry, asked); err != nil {
		return err
	}
	return answer(ctx, out, l, test)
}

// deleteServed deletes the rows of those whose requests an entry tells of.
func (f folder) deleteServed(e ledger.Entry, asked map[string][]string) error {
	var gone []string
	for _, s := range e.Requests {
		gone = append(gone, asked[s.ID]...)
	}
	if gone == nil {
		return nil
	}
	return f.deleteRows(gone)
}

// answer has the model answer, as a service would.
func answer(ctx context.Context, out io.Writer, l *ledger.Ledger, test *data.Dataset) error {
	accuracy, err := l.Classifier().Accuracy(ctx, test)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the model of %d examples serves: %.1f%% right on %d test rows\n", l.Data().Len(), accuracy, test.Len())
	return err
}
