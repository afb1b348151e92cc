package grid

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// ErrDamaged is wrapped by errors about a cell's file that is not what was written.
var ErrDamaged = errors.New("the file of a cell is damaged")

// Folder is where finished cells are kept, a file each, named by the cell's
// address and its maker's. A file is whole when it appears, and never changes:
// writers that compute the same cell write the same but for times, so that two of
// them do no harm.
type Folder string

// stored is the content of a cell's file. The sum is that of the bytes of Cell.
type stored struct {
	Sum  string          `json:"sha256"`
	Cell json.RawMessage `json:"cell"`
}

// content is what a file says of its cell.
type content struct {
	settings
	Maker
	Result json.RawMessage `json:"result"`
	Trace  bench.Trace     `json:"trace"`
}

// path returns the file of a cell.
func (f Folder) path(c Cell, m Maker) string {
	return filepath.Join(string(f), c.Address+"-"+m.short()+".json")
}

// put writes a cell.
func (f Folder) put(c Cell, m Maker, row bench.Row) error {
	if f == "" {
		return nil
	}
	raw, err := encode(c, m, row)
	if err != nil {
		return err
	}
	err = atomicfile.Write(f.path(c, m), func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
	if err != nil && !errors.Is(err, atomicfile.ErrNotDurable) {
		return fmt.Errorf("grid: cell: %w", err)
	}
	return nil
}

// encode returns the content of a cell's file.
func encode(c Cell, m Maker, row bench.Row) ([]byte, error) {
	var line bytes.Buffer
	if err := bench.WriteJSONL(&line, []bench.Result{row.Result}); err != nil {
		return nil, err
	}
	cell, err := json.Marshal(content{c.settings, m, bytes.TrimSpace(line.Bytes()), row.Trace})
	if err != nil {
		return nil, fmt.Errorf("grid: cell: %w", err)
	}
	sum := sha256.Sum256(cell)
	return append(fmt.Appendf(nil, `{"sha256":"%s","cell":`, hex.EncodeToString(sum[:])), append(cell, "}\n"...)...), nil
}

// decode reads the content of a cell's file, and checks that it is of that cell.
func decode(raw []byte, c Cell) (bench.Row, Maker, error) {
	fail := func(format string, args ...any) (bench.Row, Maker, error) {
		return bench.Row{}, Maker{}, fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
	var s stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return fail("%v", err)
	}
	if sum := sha256.Sum256(s.Cell); hex.EncodeToString(sum[:]) != s.Sum {
		return fail("its checksum is another")
	}
	var got content
	if err := json.Unmarshal(s.Cell, &got); err != nil {
		return fail("%v", err)
	}
	if got.settings != c.settings {
		return fail("it holds another cell")
	}
	rows, err := bench.ReadJSONL(bytes.NewReader(got.Result), "result")
	if err != nil || len(rows) != 1 {
		return fail("its result cannot be read: %v", err)
	}
	return bench.Row{Result: rows[0], Trace: got.Trace}, got.Maker, nil
}

// lookup says what a folder holds of a cell.
type lookup struct {
	row   bench.Row
	found bool
	// damaged is the error of a file that could not be used.
	damaged error
	// others are makers of whom there is a cell, where there is none of the one
	// asked for.
	others []Maker
}

// get looks for a cell of a maker, and where any build will do, of any other of its
// engine that the listing names, the first by name.
func (f Folder) get(c Cell, m Maker, any bool, l listing) (found lookup, err error) {
	if f == "" {
		return found, nil
	}
	raw, err := os.ReadFile(f.path(c, m))
	switch {
	case err == nil:
		if found.row, _, found.damaged = decode(raw, c); found.damaged == nil {
			found.found = true
			return found, nil
		}
		found.damaged = fmt.Errorf("%s: %w", f.path(c, m), found.damaged)
	case !errors.Is(err, fs.ErrNotExist):
		return found, fmt.Errorf("grid: cell: %w", err)
	}
	for _, name := range l[c.Address] {
		path := filepath.Join(string(f), name)
		if path == f.path(c, m) {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // of no use, and not asked for
		}
		row, maker, err := decode(raw, c)
		if err != nil {
			continue
		}
		found.others = append(found.others, maker)
		if any && !found.found && maker.Engine == m.Engine {
			found.row, found.found = row, true
		}
	}
	return found, nil
}

// listing are the names of a folder's files by address, sorted.
type listing map[string][]string

// list lists the folder, which need not be there.
func (f Folder) list() (listing, error) {
	if f == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("grid: cells: %w", err)
	}
	l := listing{}
	for _, e := range entries {
		if address, rest, ok := strings.Cut(e.Name(), "-"); ok && strings.HasSuffix(rest, ".json") {
			l[address] = append(l[address], e.Name())
		}
	}
	return l, nil
}

// describeOthers says who else made a cell, for messages.
func describeOthers(others []Maker, m Maker) string {
	var parts []string
	for _, o := range others {
		switch {
		case o.Engine != m.Engine:
			parts = append(parts, "engine "+o.Engine)
		default:
			parts = append(parts, "another build of the program")
		}
	}
	slices.SortFunc(parts, cmp.Compare[string])
	return strings.Join(slices.Compact(parts), " and ")
}
