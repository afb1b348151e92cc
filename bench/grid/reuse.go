package grid

import (
	"slices"
	"strings"
)

// Reuse says what other builds of this program have made, and is taken for what this
// one would make. Any change of the code is another build, whether it changes
// numbers or not; whoever knows that it does not can say so. What another engine
// has made is never taken.
type Reuse struct {
	// Runs are trained runs, with their records, and retrained references.
	Runs bool
	// Cells are finished cells of all methods, Methods those of some: by their
	// notations, or by names that stand for all their budgets.
	Cells   bool
	Methods []string
}

// ParseReuse reads "runs", "all", for runs and cells, and methods, with commas between; "" is
// nothing. Cells are the more telling: whoever takes some takes runs too.
func ParseReuse(text string) (r Reuse) {
	for item := range strings.SplitSeq(text, ",") {
		switch item = strings.ToLower(strings.TrimSpace(item)); item {
		case "":
			continue
		case "runs":
		case "all":
			r.Cells = true
		default:
			r.Methods = append(r.Methods, item)
		}
		r.Runs = true
	}
	return r
}

// cell reports whether the cells of a method are taken.
func (r Reuse) cell(method string) bool {
	kind, _, _ := strings.Cut(method, ":")
	return r.Cells || slices.Contains(r.Methods, method) || slices.Contains(r.Methods, kind)
}
