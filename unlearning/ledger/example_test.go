package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// Train into a folder, make a ledger of it, and forget two people's data.
func Example() {
	ctx, check := context.Background(), func(err error) {
		if err != nil {
			panic(err)
		}
	}
	tmp, err := os.MkdirTemp("", "example")
	check(err)
	defer os.RemoveAll(tmp)
	dir, ds := filepath.Join(tmp, "run"), data.Digits()

	_, _, err = history.Train(ctx, dir, history.LogitGradients(), nets.MLP(64, 32, 10), ds.Train, nets.Config{Epochs: 5, Momentum: 0.9})
	check(err)
	key, err := ledger.KeyFile(filepath.Join(tmp, "key")) // elsewhere, in earnest
	check(err)
	l, err := ledger.Create(ctx, dir, ds.Train, ledger.Options{Key: key, Unseen: ds.Validation})
	check(err)
	id, err := l.Request(ds.Train.Key(17), ds.Train.Key(4))
	check(err)
	fmt.Println("waiting:", id)
	receipt, err := l.Forget(ctx, unlearning.Mini{})
	check(err)
	fmt.Println("forgotten:", receipt.Examples, "of", receipt.Examples+receipt.Left)
	check(l.Close())

	// Another process, when the owner has deleted the rows.
	left := ds.Train.Subset(allBut(ds.Train.Len(), 17, 4))
	l, err = ledger.Open(ctx, dir, left, ledger.Options{Key: key})
	check(err)
	acc, err := l.Classifier().Accuracy(ctx, ds.Test)
	check(err)
	fmt.Println("above 80%:", acc > 80)
	for _, e := range l.Journal() {
		fmt.Println(e.Number, e.Kind, e.Left)
	}
	check(l.Close())
	// Output:
	// waiting: r-000001
	// forgotten: 2 of 1257
	// above 80%: true
	// 0 created 1257
	// 1 forgotten 1255
}

// allBut are the numbers below n but for some.
func allBut(n int, gone ...int) []int {
	var left []int
	for i := range n {
		if i != gone[0] && i != gone[1] {
			left = append(left, i)
		}
	}
	return left
}
