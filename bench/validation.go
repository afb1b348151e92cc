package bench

import (
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// validation returns what methods may ask a model about beside what it was trained on,
// a subset of the training part: the validation part, or where that is empty as many
// examples of the training part as the subset has, of those that it leaves out. It is
// nil where there are none.
func validation(ds *data.Splits, train *data.Dataset, seed uint64) *data.Dataset {
	if ds.Validation.Len() > 0 {
		return ds.Validation
	}
	if train.Len() == ds.Train.Len() {
		return nil
	}
	taken := make(map[int]bool, train.Len())
	for i := range train.Len() {
		taken[train.ID(i)] = true
	}
	var left []int
	for _, i := range purpose.Rand(seed, purpose.Validation, 0).Perm(ds.Train.Len()) {
		if len(left) < train.Len() && !taken[ds.Train.ID(i)] {
			left = append(left, i)
		}
	}
	slices.Sort(left)
	return ds.Train.Subset(left)
}
