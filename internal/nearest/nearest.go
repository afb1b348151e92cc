// Package nearest finds the name that somebody who misspelt one most likely
// meant.
package nearest

import "strings"

// long bounds names: what is longer is no name that anybody types.
const long = 64

// Name returns the one of known names that a typing mistake makes into wrong, ""
// if none is near: the first with the fewest edits (letters added, left out,
// changed or swapped, case apart), where these are at most a third of its length.
func Name(wrong string, known []string) string {
	if len(wrong) > long {
		return ""
	}
	best, least := "", len(wrong)+1
	for _, name := range known {
		if len(name) > long {
			continue
		}
		if d := edits(strings.ToLower(wrong), strings.ToLower(name)); d < least && 3*d <= max(len(name), 3) {
			best, least = name, d
		}
	}
	return best
}

// Hint returns Name as the end of an error's sentence, "; did you mean mini?",
// and "" if there is none.
func Hint(wrong string, known []string) string {
	if name := Name(wrong, known); name != "" {
		return "; did you mean " + name + "?"
	}
	return ""
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
