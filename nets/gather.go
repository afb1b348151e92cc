package nets

import (
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// gatherNumbers is about how many numbers are copied as one task.
const gatherNumbers = 1 << 16

// gather writes the examples ids, as view shows them, to x, row after row. With
// a Walker its workers share the rows.
func (m *Model) gather(x *graph.Tensor, view View, ds *data.Dataset, ids []int) {
	f := ds.Features()
	rows := func(lo, hi int) {
		if dst := x.Float32s(); dst != nil {
			for i, id := range ids[lo:hi] {
				view.show(dst[(lo+i)*f:][:f], ds.X[id*f:][:f], ds.Shape, ds.ID(id))
			}
			return
		}
		row := make([]float32, f)
		for i, id := range ids[lo:hi] {
			view.show(row, ds.X[id*f:][:f], ds.Shape, ds.ID(id))
			dst := x.Float64s()[(lo+i)*f:][:f]
			for j, v := range row {
				dst[j] = float64(v)
			}
		}
	}
	if w, ok := m.engine.(*graph.Walker); ok {
		w.Range(len(ids), max(1, gatherNumbers/f), rows)
		return
	}
	rows(0, len(ids))
}
