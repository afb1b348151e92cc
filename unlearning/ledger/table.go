package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// mark recognises an example without holding it: keyed digests of its id, and of
// all of it. The mark of an example that was forgotten is zero.
type mark [24]byte

// idBytes is the part of a mark that is the id's.
const idBytes = 8

func (m mark) id() [idBytes]byte { return [idBytes]byte(m[:idBytes]) }

// table is the marks of the examples of a run, by their position in its order,
// forgotten ones included.
type table []mark

// marks returns those of a data set, in its order, computed by all cores.
func (k Key) marks(ds *data.Dataset) table {
	t := make(table, ds.Len())
	const piece = 256
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (ds.Len()+piece-1)/piece) {
		wg.Go(func() {
			id, row := k.mac("id"), k.mac("example")
			var buf []byte
			for {
				lo := int(next.Add(piece)) - piece
				if lo >= len(t) {
					return
				}
				for i := lo; i < min(lo+piece, len(t)); i++ {
					name := []byte(ds.Key(i))
					id.h.Reset()
					id.field([]byte("id"))
					id.field(name)
					buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(ds.Y[i]))
					for _, v := range ds.Row(i) {
						buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
					}
					row.h.Reset()
					row.field([]byte("example"))
					row.field(name)
					row.field(buf)
					copy(t[i][:idBytes], id.h.Sum(nil))
					copy(t[i][idBytes:], row.h.Sum(nil))
				}
			}
		})
	}
	wg.Wait()
	return t
}

// digest returns a keyed digest of the examples that are left.
func (k Key) digest(t table) string {
	m := k.mac("data")
	for _, mk := range t {
		if mk != (mark{}) {
			m.h.Write(mk[:])
		}
	}
	return m.hex()
}

// live returns the positions that are not forgotten.
func (t table) live() []int {
	var at []int
	for i, m := range t {
		if m != (mark{}) {
			at = append(at, i)
		}
	}
	return at
}

// match finds the examples that are left, in the order of the run, among the rows of
// a data set: all of them must be there and nothing else. rows are the data set's
// marks.
func (t table) match(ds *data.Dataset, rows table) ([]int, error) {
	at := map[mark][]int{} // rows of a mark, in their order
	for i, m := range rows {
		at[m] = append(at[m], i)
	}
	var order []int
	var missing []mark
	for _, i := range t.live() {
		found := at[t[i]]
		if len(found) == 0 {
			missing = append(missing, t[i])
			continue
		}
		order, at[t[i]] = append(order, found[0]), found[1:]
	}
	var extra []int
	for _, rest := range at {
		extra = append(extra, rest...)
	}
	if len(missing) == 0 && len(extra) == 0 {
		return order, nil
	}
	slices.Sort(extra)
	gone := map[[idBytes]byte]bool{}
	for _, m := range missing {
		gone[m.id()] = true
	}
	var changed, unknown []string
	for _, i := range extra {
		if gone[rows[i].id()] {
			changed = append(changed, ds.Key(i))
		} else {
			unknown = append(unknown, ds.Key(i))
		}
	}
	var says []string
	if len(changed) > 0 {
		says = append(says, fmt.Sprintf("%d examples are not what was trained on: %s", len(changed), some(changed)))
	}
	if len(unknown) > 0 {
		says = append(says, fmt.Sprintf("%d examples were not trained on, or have been forgotten and are still there: %s", len(unknown), some(unknown)))
	}
	if n := len(missing) - len(changed); n > 0 {
		says = append(says, fmt.Sprintf("%d examples that nobody asked to forget are missing", n))
	}
	return nil, fmt.Errorf("%w: %s; give the training data as they were, without those that have been forgotten: ledger.OpenData opens them so", ErrData, strings.Join(says, "; "))
}

// some lists the first few ids.
func some(ids []string) string {
	const most = 5
	text := strings.Join(ids[:min(most, len(ids))], ", ")
	if len(ids) > most {
		text += ", …"
	}
	return text
}

// tableMagic begins the file of a table.
const tableMagic = "miniunlearn examples 1\n"

func (t table) write(path string) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, tableMagic); err != nil {
			return err
		}
		for part := range slices.Chunk(t, 1<<10) {
			var raw []byte
			for _, m := range part {
				raw = append(raw, m[:]...)
			}
			if _, err := w.Write(raw); err != nil {
				return err
			}
		}
		return nil
	})
}

// readTable reads the file of a table of so many positions.
func readTable(path string, n int) (table, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	body, ok := bytes.CutPrefix(raw, []byte(tableMagic))
	if size := len(mark{}); !ok || len(body) != n*size {
		return nil, fmt.Errorf("it is no table of %d examples", n)
	}
	t := make(table, n)
	for i := range t {
		t[i] = mark(body[i*len(mark{}):])
	}
	return t, nil
}

// setDigest is a keyed digest of a set of ids.
func (k Key) setDigest(ids []string) string {
	m := k.mac("set")
	for _, id := range slices.Sorted(slices.Values(ids)) {
		m.field([]byte(id))
	}
	return m.hex()
}

// distinct returns ids in order, without repeats.
func distinct(ids []string) []string {
	return slices.Compact(slices.SortedFunc(slices.Values(ids), cmp.Compare))
}
