package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// keeper keeps the rows of cells as they finish. A stream gets each cell's as
// soon as all cells before it have theirs. A file is there only when all cells
// are done; until then its name with ".part" behind it has the rows so far. Both
// have them in the order of the cells.
type keeper struct {
	path   string    // "" for a stream
	stream io.Writer // nil for a file
	mu     sync.Mutex
	rows   [][]bench.Result // of each cell, nil until it is done
	sent   int              // cells that the stream has
}

// newKeeper returns the keeper of a number of cells. It meets a path that cannot
// be written, or has no room for so many rows, before the work.
func newKeeper(path string, stdout io.Writer, cells, rows int) (*keeper, error) {
	k := &keeper{path: path, rows: make([][]bench.Result, cells)}
	if path == "" {
		k.stream = stdout
		return k, nil
	}
	fail := func(err error) error {
		return fmt.Errorf("-out %s cannot be written; choose another place: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		if err := atomicfile.Check(path); err != nil {
			return nil, fail(err)
		}
		device, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fail(err)
		}
		k.stream = device
		return k, nil
	}
	const row = 1 << 10 // bytes
	if err := atomicfile.Room(path, int64(rows)*row); err != nil {
		return nil, fail(err)
	}
	if err := atomicfile.Check(k.part()); err != nil {
		return nil, fail(err)
	}
	return k, nil
}

func (k *keeper) part() string { return k.path + ".part" }

// put keeps the rows of cell i; it may be called concurrently.
func (k *keeper) put(i int, rows []bench.Result) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rows[i] = rows
	if k.stream == nil {
		return bench.WriteFile(k.part(), k.so())
	}
	for k.sent < len(k.rows) && k.rows[k.sent] != nil {
		if err := bench.WriteJSONL(k.stream, k.rows[k.sent]); err != nil {
			return err
		}
		k.sent++
	}
	return nil
}

// so returns the rows so far.
func (k *keeper) so() (rows []bench.Result) {
	for _, r := range k.rows {
		rows = append(rows, r...)
	}
	return rows
}

// finish puts the file in its place.
func (k *keeper) finish() error {
	if k.stream != nil {
		return k.close()
	}
	if err := bench.WriteFile(k.path, k.so()); err != nil {
		return err
	}
	return os.Remove(k.part())
}

// rescue does what an early end leaves to do for the rows so far, and says where
// they are. What cannot be written goes to stdout, where not even that can be, into the answer.
func (k *keeper) rescue(stdout io.Writer) string {
	all := k.so()
	if len(all) == 0 {
		return "no cell was finished"
	}
	where := k.part()
	var late []bench.Result // for a stream: rows of cells behind one that is not done
	if k.stream != nil {
		where = k.path
		for _, r := range k.rows[k.sent:] {
			late = append(late, r...)
		}
		if len(late) > 0 && bench.WriteJSONL(k.stream, late) == nil {
			late = nil
		}
		if err := k.close(); err != nil {
			late = all
		}
	} else if bench.WriteFile(k.part(), all) != nil {
		late = all
	}
	if len(late) > 0 {
		where = "standard output"
		if err := bench.WriteJSONL(stdout, late); err != nil {
			var text bytes.Buffer
			_ = bench.WriteJSONL(&text, late) // a buffer takes all, and put has checked the rows
			return fmt.Sprintf("%d results are nowhere but here:\n%s", len(late), text.String())
		}
	}
	if where == "" {
		where = "standard output"
	}
	return fmt.Sprintf("%d results of finished cells are in %s", len(all), where)
}

func (k *keeper) close() error {
	if c, ok := k.stream.(io.Closer); ok && k.path != "" {
		return c.Close()
	}
	return nil
}
