package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/miniunlearn/miniunlearn/data/synthetic"
	"github.com/miniunlearn/miniunlearn/data/table"
)

func init() {
	for _, k := range synthetic.Kinds() {
		Register(k.Name, openSynthetic)
	}
}

// openSynthetic makes a table of package synthetic, a fifth of whose rows test.
func openSynthetic(_ context.Context, s Spec) (*Splits, error) {
	k, err := synthetic.ByName(s.Kind)
	if err != nil {
		return nil, err
	}
	var t TableConfig
	fail := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	n, nerr := s.Uint("n", 100_000)
	fail(nerr)
	seed, serr := s.Uint("seed", 1)
	fail(serr)
	test, terr := s.Text("test")
	fail(terr)
	validation, verr := s.Text("validation")
	fail(verr)
	t.splitOptions(s, test, validation, fail)
	if n < 10 || n > 1<<30 || t.TestFile != "" || t.TestLast != 0 || s.Path != "" {
		fail(s.fail("made data take, after a ?, n=ROWS, from 10, seed=NUMBER, and test and validation, which are shares: higgs-like?n=3000&seed=2"))
	}
	fail(s.Done())
	if err != nil {
		return nil, err
	}
	// The first rows train, so that n rows are the same rows in any table.
	rows := [3]int{0, int(t.Validation * float64(n)), int(t.Test * float64(n))}
	rows[0] = int(n) - rows[1] - rows[2]
	if rows[0] < 1 || rows[2] < 1 {
		return nil, s.fail("%d rows to train on and %d to test", rows[0], rows[2])
	}
	name := fmt.Sprintf("%s(n=%d,seed=%d)", k.Name, n, seed)
	e := &Encoding{}
	var sets [3]*Dataset
	from := 0
	for p, part := range []string{"train", "validation", "test"} {
		d := &Dataset{Name: name + "/" + part, Shape: []int{k.Features}, Classes: k.Classes, Encoding: e, Y: make([]int32, rows[p]), IDs: make([]int, rows[p])}
		if d.X, err = table.Floats(rows[p]*k.Features, 512<<20); err != nil {
			return nil, err
		}
		first := from
		inPieces(rows[p], func(lo, hi int) {
			var pcg rand.PCG
			x := make([]float64, k.Features)
			for i := lo; i < hi; i++ {
				d.Y[i] = int32(k.Row(&pcg, seed, uint64(first+i), x))
				d.IDs[i] = first + i
				for j, v := range x {
					d.X[i*k.Features+j] = float32(v)
				}
			}
		})
		from += rows[p]
		sets[p] = d
	}
	st := ChannelStats(sets[0])
	e.Stats = &st
	for _, d := range sets {
		st.apply(d.X, k.Features)
	}
	return &Splits{Name: name, Train: sets[0], Validation: sets[1], Test: sets[2]}, nil
}

// inPieces calls f with pieces of 0 … n−1, on all cores.
func inPieces(n int, f func(lo, hi int)) {
	const piece = 1 << 14
	var wg sync.WaitGroup
	tokens := make(chan struct{}, runtime.GOMAXPROCS(0))
	for lo := 0; lo < n; lo += piece {
		tokens <- struct{}{}
		wg.Go(func() {
			f(lo, min(n, lo+piece))
			<-tokens
		})
	}
	wg.Wait()
}
