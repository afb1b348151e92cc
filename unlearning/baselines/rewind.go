package baselines

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// rewind returns the one of some ends, of equal ones the last, whose error on the task's
// examples is closest to the last one's on the given validation examples.
func (t *task) rewind(ends []*graph.Tensor, like []int) (*graph.Tensor, error) {
	last := ends[len(ends)-1]
	target, err := t.errors(last, t.Validation, like)
	if err != nil {
		return nil, err
	}
	best, distance := last, math.Inf(1)
	for _, w := range ends {
		e, err := t.errors(w, t.Run.Data, t.examples)
		if err != nil {
			return nil, err
		}
		if d := math.Abs(e - target); d <= distance {
			best, distance = w, d
		}
	}
	return best, nil
}

// errors returns the share of some examples whose largest logit is not the label's.
func (t *task) errors(w *graph.Tensor, ds *data.Dataset, ids []int) (float64, error) {
	k := t.Model.Arch().Classes
	z := make([]float64, len(ids)*k)
	if err := t.Model.LogitsAs(nets.View{}, w, ds, ids, z); err != nil {
		return 0, err
	}
	wrong := 0
	for i, id := range ids {
		row := z[i*k:][:k]
		if slices.Index(row, slices.Max(row)) != int(ds.Y[id]) {
			wrong++
		}
	}
	return float64(wrong) / float64(len(ids)), nil
}

// validationLike returns validation examples of the classes of the task's examples, as
// many of each, in proportion, as there are.
func (t *task) validationLike() ([]int, error) {
	ds := t.Validation
	if ds == nil || ds.Len() == 0 {
		return nil, errors.New("rewinding needs unseen examples to compare with; set Problem.Validation, or hold some out")
	}
	of := make([][]int, t.Run.Data.Classes)
	for i, y := range ds.Y {
		of[y] = append(of[y], i)
	}
	want := make([]int, len(of))
	for _, i := range t.examples {
		want[t.Run.Data.Y[i]]++
	}
	share := math.Inf(1) // validation examples for each of U's
	for y, n := range want {
		if n > 0 {
			share = min(share, float64(len(of[y]))/float64(n))
		}
	}
	var like []int
	for y, n := range want {
		like = append(like, of[y][:int(share*float64(n))]...)
	}
	if len(like) == 0 {
		return nil, fmt.Errorf("the %d validation examples have none of a class of the forgotten ones", ds.Len())
	}
	return like, nil
}
