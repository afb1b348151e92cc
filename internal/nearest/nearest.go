// Package nearest finds the name that somebody who misspelt one most likely
// meant.
package nearest

import "strings"

// Name returns the known name that is nearest to a wrong one, in letters to
// insert, remove, replace and swap, cases apart, and "" if none is near: if more
// than a third of the longer name would have to change. Of equals it is the
// first.
func Name(wrong string, known []string) string {
	best, least := "", 0
	for _, name := range known {
		a, b := []rune(strings.ToLower(wrong)), []rune(strings.ToLower(name))
		d := distance(a, b)
		if 3*d <= max(len(a), len(b)) && (best == "" || d < least) {
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

// distance counts insertions, deletions, replacements and swaps of neighbours
// (Damerau, 1964), no letter changed twice.
func distance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i, x := range a {
		for j, y := range b {
			replace := d[i][j]
			if x != y {
				replace++
			}
			d[i+1][j+1] = min(replace, d[i][j+1]+1, d[i+1][j]+1)
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
