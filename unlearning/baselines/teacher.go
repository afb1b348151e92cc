package baselines

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// teacher answers what a model at given parameters says of training examples. It is
// asked once for each where they are always seen the same.
type teacher struct {
	task *task
	w    *graph.Tensor
	z    [][]float64 // by example; nil where it was not asked
}

func (t *task) teacher(w *graph.Tensor) *teacher {
	return &teacher{task: t, w: w, z: make([][]float64, t.Run.Data.Len())}
}

// logits returns those of some examples as a view shows them, [len(ids), Classes].
func (t *teacher) logits(view nets.View, ids []int) ([]float64, error) {
	var ask []int
	for _, id := range ids {
		if t.z[id] == nil || view != (nets.View{}) {
			ask = append(ask, id)
		}
	}
	k := t.task.Model.Arch().Classes
	if len(ask) > 0 {
		z := make([]float64, len(ask)*k)
		if err := t.task.Model.LogitsAs(view, t.w, t.task.Run.Data, ask, z); err != nil {
			return nil, err
		}
		for i, id := range ask {
			t.z[id] = z[i*k:][:k:k]
		}
	}
	all := make([]float64, 0, len(ids)*k)
	for _, id := range ids {
		all = append(all, t.z[id]...)
	}
	return all, nil
}

// cost returns what asking for batch k of some would cost, from now on: nothing for
// those of a second pass if they are always seen the same.
func (t *teacher) cost(b *batches, k int) float64 {
	if b.augment == (nets.Augment{}) && b.t+k >= b.order.StepsPerEpoch() {
		return 0
	}
	return float64(b.size(k)) / 3
}
