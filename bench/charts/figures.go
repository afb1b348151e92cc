package charts

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/bench"
)

// Usual are the columns that a figure of the study shows unless told otherwise:
// accuracy, forgetting, KS and KL, without those of which nothing is known. Where
// there is no excess to remove, as in most linear models, the distance of
// parameters stands in its place.
func Usual(s bench.Study) []bench.Column {
	columns := []bench.Column{column("test %"), column("excess removed"), column("KS"), column("KL")}
	if !known(s, columns[1]) {
		columns[1] = column("rel. distance")
	}
	return slices.DeleteFunc(columns, func(c bench.Column) bool { return !known(s, c) })
}

// known reports whether any result of the study has a value in the column.
func known(s bench.Study, c bench.Column) bool {
	return slices.ContainsFunc(s.Groups, func(g *bench.Group) bool { return c.Summary(g.Results).Exists() })
}

// Axes of figures, as Of takes them.
const (
	ByCost   = "cost"   // Cost
	ByRatio  = "ratio"  // Ratio
	ByMethod = "method" // Dots
)

// Of returns the figures of a study along an axis; "" chooses cost where some
// method has several budgets, and otherwise the methods themselves. No columns
// means the usual ones.
func Of(s bench.Study, by string, columns []bench.Column) ([]*Figure, error) {
	if len(columns) == 0 {
		columns = Usual(s)
	}
	if len(columns) == 0 || !slices.ContainsFunc(columns, func(c bench.Column) bool { return known(s, c) }) {
		return nil, fmt.Errorf("charts: %s: no result has a value to draw", title(s))
	}
	if by == "" {
		by = ByMethod
		if budgets(s) {
			by = ByCost
		}
	}
	switch by {
	case ByCost:
		return Cost(s, columns), nil
	case ByMethod:
		return []*Figure{Dots(s, columns)}, nil
	case ByRatio:
		if f := Ratio(s, columns); f != nil {
			return []*Figure{f}, nil
		}
		return nil, fmt.Errorf("charts: %s: a figure against the share forgotten takes two forget sets of one kind, such as random:0.1 and random:0.2", title(s))
	}
	return nil, fmt.Errorf("charts: no figure by %q; there are %s, %s and %s", by, ByCost, ByRatio, ByMethod)
}

// Stack puts figures beneath each other into one.
func Stack(figures []*Figure) *Figure {
	if len(figures) == 1 {
		return figures[0]
	}
	all := &Figure{}
	for i, f := range figures {
		if i > 0 {
			all.Title += "; "
		}
		all.Title += f.Title
		all.width = max(all.width, f.width)
		all.height += f.height
	}
	all.paint = func(c draw.Canvas) error {
		top := c.Max.Y
		for _, f := range figures {
			part := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: top - f.height}, Max: vg.Point{X: c.Min.X + f.width, Y: top}}}
			if err := f.paint(part); err != nil {
				return err
			}
			top -= f.height
		}
		return nil
	}
	return all
}
