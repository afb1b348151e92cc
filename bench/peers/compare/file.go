package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// run is what one run of the program found: the lines of its file.
type run struct {
	Machine machine
	Rows    []*row
	Audit   *audit // nil if it was not asked for

	used float64 // processor time of the programs run so far, in seconds
}

// row is one measurement of all rounds; the times are medians of them.
type row struct {
	Side string `json:"side"` // default, openblas, torch or stock
	timing.Row
	RoundsMS []float64 `json:"rounds_ms"` // medians of the rounds
}

// add takes r in as the next round of side.
func (f *run) add(side string, r timing.Row) {
	for _, old := range f.Rows {
		if old.Side == side && same(old.Row, r) {
			old.RoundsMS = append(old.RoundsMS, r.MedianMS)
			old.MedianMS = timing.Median(old.RoundsMS)
			old.MinMS = min(old.MinMS, r.MinMS)
			old.Steps += r.Steps
			if r.PerS > 0 {
				old.PerS = r.PerS * r.MedianMS / old.MedianMS
			}
			return
		}
	}
	f.Rows = append(f.Rows, &row{side, r, []float64{r.MedianMS}})
}

func same(a, b timing.Row) bool {
	return a.What == b.What && a.Net == b.Net && a.Batch == b.Batch && a.Threads == b.Threads && a.ISA == b.ISA
}

// find returns the row of that name, or nil. The default build and stock
// Gorgonia have the same kernels whatever is asked for.
func (f *run) find(side, what, net string, batch, threads int, isa string) *row {
	for _, r := range f.Rows {
		if r.Side == side && r.What == what && r.Net == net && r.Batch == batch && r.Threads == threads &&
			(r.ISA == isa || side == "default" || side == "stock") {
			return r
		}
	}
	return nil
}

// write replaces the file at path.
func (f *run) write(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(f.Machine); err != nil {
			return err
		}
		for _, r := range f.Rows {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		if f.Audit != nil {
			return enc.Encode(f.Audit)
		}
		return nil
	})
}

// read returns what write wrote.
func read(path string) (*run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &run{}
	sc := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		var kind struct{ What string }
		if err := json.Unmarshal(sc.Bytes(), &kind); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		var into any
		switch {
		case n == 1 && kind.What == "machine":
			into = &f.Machine
		case n == 1:
			return nil, fmt.Errorf("%s: line 1 is not about the machine; want a file written by bench/peers/compare", path)
		case kind.What == "audit":
			f.Audit = &audit{}
			into = f.Audit
		default:
			r := &row{}
			f.Rows = append(f.Rows, r)
			into = r
		}
		dec := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f.Machine.What == "" {
		return nil, fmt.Errorf("%s is empty", path)
	}
	for _, r := range f.Rows {
		if len(r.RoundsMS) != f.Machine.Rounds {
			return nil, fmt.Errorf("%s: %s %s %s has %d rounds of %d", path, r.Side, r.What, r.Net, len(r.RoundsMS), f.Machine.Rounds)
		}
	}
	return f, nil
}
