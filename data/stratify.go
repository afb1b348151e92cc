package data

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Stratified returns exactly n examples of ds, chosen by the seed so that
// every class keeps its proportion to within one example. They stand in the
// order they have in ds. The error says so if n is not in 0 … ds.Len().
func Stratified(ds *Dataset, n int, seed uint64) (*Dataset, error) {
	in, _, err := stratifiedIndices(ds, n, seed)
	if err != nil {
		return nil, err
	}
	return ds.Subset(in), nil
}

// SplitStratified returns part, which is Stratified(ds, n, seed), and rest,
// everything else, both in the order of ds.
func SplitStratified(ds *Dataset, n int, seed uint64) (rest, part *Dataset, err error) {
	in, out, err := stratifiedIndices(ds, n, seed)
	if err != nil {
		return nil, nil, err
	}
	return ds.Subset(out), ds.Subset(in), nil
}

// stratifiedIndices returns the sorted positions of a stratified choice of n
// examples and those of the others.
func stratifiedIndices(ds *Dataset, n int, seed uint64) (in, out []int, err error) {
	if n < 0 || n > ds.Len() {
		return nil, nil, fmt.Errorf("data: %q: a stratified choice of %d examples out of %d; ask for 0 to %d", ds.Name, n, ds.Len(), ds.Len())
	}
	members := make([][]int, ds.Classes)
	for i, y := range ds.Y {
		members[y] = append(members[y], i)
	}
	quotas := quota(ds.ClassCounts(), n)
	// The length is part of the stream: a second split of what is left of the
	// first, with the same seed, then makes unrelated choices.
	p := purpose.Stream(seed, purpose.Stratify, uint64(ds.Len()))
	for c, m := range members {
		// Shuffling the whole class makes a smaller n choose a part of what a
		// larger one chooses, up to the rounding of the quotas.
		shuffle(&p, m, len(m))
		in = append(in, m[:quotas[c]]...)
		out = append(out, m[quotas[c]:]...)
	}
	slices.Sort(in)
	slices.Sort(out)
	return in, out, nil
}

// quota shares n out over classes in proportion to counts, by largest
// remainder; ties go to the lower class. It needs 0 ≤ n ≤ Σ counts, and then
// no class gets more than its count: only a class whose exact share is not
// whole, hence below its count, is ever rounded up.
func quota(counts []int, n int) []int {
	total := 0
	for _, c := range counts {
		total += c
	}
	q := make([]int, len(counts))
	if total == 0 {
		return q
	}
	left, order := n, make([]int, len(counts))
	countUp(order)
	for k, c := range counts {
		q[k] = n * c / total
		left -= q[k]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(n*counts[b]%total, n*counts[a]%total)
	})
	for _, k := range order[:left] {
		q[k]++
	}
	return q
}
