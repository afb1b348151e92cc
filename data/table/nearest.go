package table

import "strings"

// Nearest returns the one of names that a typing mistake makes into name, ""
// if none is near: the first with the fewest edits (letters added, left out,
// changed or swapped, case apart), where these are at most a third of its length.
func Nearest(name string, names []string) string {
	const long = 64 // what is longer is no name that anybody types
	if len(name) > long {
		return ""
	}
	best, least := "", len(name)+1
	lower := strings.ToLower(name)
	for _, n := range names {
		if len(n) > long {
			continue
		}
		if d := edits(lower, strings.ToLower(n)); d < least && 3*d <= max(len(n), 3) {
			best, least = n, d
		}
	}
	return best
}

// edits is the distance of Damerau and Levenshtein, in bytes, where no part of a
// name is edited twice.
func edits(a, b string) int {
	var before []int // the row before the last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			changed := last[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, changed)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
