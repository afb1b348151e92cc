package bench

import "math"

// Floor is the noise floor of a group in one column: what two retrainings differ
// in, which no method can be asked to beat.
type Floor struct {
	// Centre is retraining's mean for a Level, 0 for a Distance.
	Centre float64
	// Width is how far from Centre another retraining comes, with half of the 95%
	// interval added: for a Level of the differences of the two retrainings by
	// seed, so that what a seed changes for all rows does not count.
	Width float64
}

// Floor returns the noise floor of a column. It reports false where there is
// none: for costs, without the row retrain-other-seed, and with a single seed,
// which says nothing about chance.
func (g *Group) Floor(c Column) (Floor, bool) {
	var f Floor
	var s Summary
	switch c.Kind {
	case Level:
		goal := c.Summary(g.of[goalRow])
		s = g.difference(c, otherRow)
		f.Centre = goal.Mean
	case Distance:
		s = c.Summary(g.of[otherRow])
	default:
		return Floor{}, false
	}
	if s.N < 2 {
		return Floor{}, false
	}
	f.Width = math.Abs(s.Mean) + s.Half
	return f, true
}

// Within reports whether a method is within the noise floor of a column: for a
// Level by its mean difference from retraining with the same seeds, for a Distance
// by its mean. It reports false, false where that cannot be said.
func (g *Group) Within(c Column, method string) (within, known bool) {
	f, ok := g.Floor(c)
	s := c.Summary(g.of[method])
	if c.Kind == Level {
		s = g.difference(c, method)
	}
	if !ok || s.N < 2 || s.N < s.Of {
		return false, false
	}
	return math.Abs(s.Mean) <= f.Width, true
}

// difference summarises a method's values less retraining's with the same seed.
func (g *Group) difference(c Column, method string) Summary {
	goal := map[uint64]float64{}
	for _, r := range g.of[goalRow] {
		if v := c.values([]Result{r}); len(v) == 1 {
			goal[r.Seed] = v[0]
		}
	}
	var x []float64
	for _, r := range g.of[method] {
		if v := c.values([]Result{r}); len(v) == 1 {
			if w, ok := goal[r.Seed]; ok {
				x = append(x, v[0]-w)
			}
		}
	}
	if len(x) == 0 {
		return Summary{math.NaN(), math.NaN(), 0, len(g.of[method])}
	}
	m, half := tInterval(x)
	return Summary{m, half, len(x), len(g.of[method])}
}
