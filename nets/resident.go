package nets

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// table is a data set in the memory of a graph.Resident, sent there by the
// first program that reads it.
type table struct {
	key  tableKey
	rows *graph.Tensor // [n, features]
}

// tableKey is what a table depends on. Data sets are read-only.
type tableKey struct {
	engine      string // its name, which says the device
	dt          graph.DType
	ds          *data.Dataset
	x           *float32
	n, features int
}

// tables are those in use: one data set on one device is one tensor, however
// many models use it.
var tables struct {
	sync.Mutex
	of map[tableKey]weak.Pointer[graph.Tensor]
}

// keep returns the table of ds as view shows it, nil if its examples are to be
// gathered on the host.
func (m *Model) keep(view View, ds *data.Dataset) *table {
	const most = 1 << 24 // rows that graph.Rows can count in float32
	e, ok := m.engine.(graph.Resident)
	if !ok || !e.Resident() || view.Augment != (Augment{}) {
		return nil
	}
	n, f := ds.Len(), ds.Features()
	if n == 0 || m.dt == graph.Float32 && n > most || len(ds.X) != n*f {
		return nil
	}
	key := tableKey{e.Name(), m.dt, ds, &ds.X[0], n, f}
	if m.table == nil || m.table.key != key {
		m.table = &table{key, key.tensor()}
	}
	return m.table
}

// tensor returns the tensor that models with this key share.
func (k tableKey) tensor() *graph.Tensor {
	tables.Lock()
	defer tables.Unlock()
	if t := tables.of[k].Value(); t != nil {
		return t
	}
	t := graph.ReadOnly(k.ds.X, k.n, k.features)
	if k.dt == graph.Float64 {
		t = graph.NewTensor(k.dt, k.n, k.features)
		t.Copy(graph.FromSlice(k.ds.X))
	}
	if tables.of == nil {
		tables.of = map[tableKey]weak.Pointer[graph.Tensor]{}
	}
	tables.of[k] = weak.Make(t)
	runtime.AddCleanup(t, tableKey.remove, k)
	return t
}

// remove forgets a tensor that is no more, unless it has a successor.
func (k tableKey) remove() {
	tables.Lock()
	defer tables.Unlock()
	if tables.of[k].Value() == nil {
		delete(tables.of, k)
	}
}

// gather is a program that takes a batch of one size from a table of one
// length.
type gather struct {
	program     graph.Program
	n           int           // rows of the table
	index, rows *graph.Tensor // [N] and [N, features]
}

func (m *Model) newGather(k tableKey, size int) (*gather, error) {
	r := &gather{n: k.n, index: graph.NewTensor(m.dt, size), rows: graph.NewTensor(m.dt, size, k.features)}
	err := graph.Build(func() {
		g := graph.New(m.dt)
		g.Label("data")
		in := []*graph.Node{g.Input("data", k.n, k.features), g.Input("examples", size)}
		var err error
		if r.program, err = m.compiler.Compile(in, []*graph.Node{graph.Rows(in[0], in[1])}); err != nil {
			panic(&graph.OpError{Op: "gather", Reason: err.Error()})
		}
	})
	return r, err
}

// gatherOnDevice makes the rows ids of t what p reads at its next run.
func (m *Model) gatherOnDevice(p *batchProgram, t *table, ids []int) (err error) {
	if p.gather == nil || p.gather.n != t.key.n {
		if p.gather, err = m.newGather(t.key, len(ids)); err != nil {
			p.gather = nil
			return fmt.Errorf("nets: %s, batch of %d: %w", m.arch.Name, len(ids), err)
		}
	}
	for i, id := range ids {
		p.gather.index.Set(i, float64(id))
	}
	if err := p.gather.program.Run([]*graph.Tensor{p.gather.rows}, []*graph.Tensor{t.rows, p.gather.index}); err != nil {
		return fmt.Errorf("nets: %s: examples of %q: %w", m.arch.Name, t.key.ds.Name, err)
	}
	p.rows = p.gather.rows
	return nil
}

// withTable says what the data set takes, if err is that of a full device.
func (m *Model) withTable(err error) error {
	if m.table == nil || !errors.Is(err, graph.ErrMemory) {
		return err
	}
	k := m.table.key
	return fmt.Errorf("%w; the %d examples of %q take %.1f MB of it", err, k.n, k.ds.Name, float64(k.n*k.features*k.dt.Bytes())/1e6)
}
