package bench

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Unseen returns the positions of test examples in the class proportions of
// the forgotten ones, ascending: as many as the proportions allow, to the
// nearest whole number in each class, chosen by the seed. They are what the
// forgotten examples should look like to a model that never saw either.
func Unseen(train *data.Dataset, forget data.ForgetSet, test *data.Dataset, seed uint64) ([]int, error) {
	if forget.Len() == 0 {
		return nil, fmt.Errorf("bench: unseen examples like no example: %w", data.ErrEmptyForget)
	}
	want := make([]int, train.Classes)
	for i := range forget.All() {
		want[train.Y[i]]++
	}
	have := make([][]int, max(train.Classes, test.Classes))
	keys := make([]uint64, test.Len())
	src := purpose.Stream(seed, purpose.Unseen, 0)
	for i, y := range test.Y {
		have[y] = append(have[y], i)
		keys[i] = src.Uint64()
	}
	// The scale is tests/forgotten of the class that has the fewest to offer.
	num, den := 0, 0
	for c, u := range want {
		t := len(have[c])
		if u > 0 && t == 0 {
			return nil, fmt.Errorf("bench: %d examples of class %d are to be forgotten, but %s has none to compare them with", u, c, test.Name)
		}
		if u > 0 && (den == 0 || t*den < num*u) {
			num, den = t, u
		}
	}
	var chosen []int
	for c, u := range want {
		if u == 0 {
			continue
		}
		slices.SortFunc(have[c], func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), a-b) })
		chosen = append(chosen, have[c][:(2*u*num+den)/(2*den)]...)
	}
	slices.Sort(chosen)
	return chosen, nil
}
