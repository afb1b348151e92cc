package bench

import (
	"cmp"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// gapHead is a column that looks at two rows.
const gapHead = "mean gap"

// gaps returns the mean gap of a result: how far, in points and on average, its
// accuracies on forgotten, retained and test examples and the attack's AUC are from those
// of the replayed retraining with the same seed (average gap: Fan et al., ICLR 2024).
// It is missing where that row is.
func (t *Table) gaps() func(r Result) Float {
	type key struct {
		cell cell
		seed uint64
	}
	goals := map[key]Result{}
	for _, r := range t.Results {
		if r.Method == goalRow && r.Error == "" {
			goals[key{cellOf(r), r.Seed}] = r
		}
	}
	return func(r Result) Float {
		goal, is := goals[key{cellOf(r), r.Seed}]
		if !is {
			return attacks.Missing()
		}
		gap := 0.0
		for _, d := range []Float{r.ForgetAcc - goal.ForgetAcc, r.RetainAcc - goal.RetainAcc, r.TestAcc - goal.TestAcc, 100 * (r.MIAAUC - goal.MIAAUC)} {
			gap += math.Abs(float64(d)) / 4
		}
		return Float(gap)
	}
}

// Sort has the methods of every group stand in the order of a column's means, the least
// first, and those without a value last. The column need not be shown.
func (t *Table) Sort(head string) error {
	c, err := t.column(head)
	if err != nil {
		return err
	}
	t.sort = &c
	return nil
}

// sorted puts the methods of a group in the order that Sort asks for.
func (t *Table) sorted(g *Group) {
	if t.sort == nil {
		return
	}
	value := map[string]float64{}
	for _, m := range g.Methods {
		if s := t.sort.Summary(g.of[m]); s.Exists() {
			value[m] = s.Mean
		} else {
			value[m] = math.Inf(1)
		}
	}
	slices.SortStableFunc(g.Methods, func(a, b string) int { return cmp.Compare(value[a], value[b]) })
}
