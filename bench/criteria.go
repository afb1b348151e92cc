package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// What a method has to reach to pass for retraining in a group. A tolerance is for
// what the criterion says, or what another seed of retraining differs by where that is
// more.
const (
	enoughSeeds    = 3
	excessAround   = 0.15 // of 1
	forgottenAbout = 1.0  // points
	testAbout      = 0.3  // points
	ofOtherSeed    = 1.25 // the KS and KL of another seed, at most
)

// Criterion is one thing that a method has to reach in a group.
type Criterion struct {
	Name string
	// Value is the method's mean over seeds, and has to be from Least to Most. It is
	// NaN where no seed has one, as the excess removed where nothing is to be seen of it.
	Value, Least, Most float64
}

// Known reports whether there is a value.
func (c Criterion) Known() bool { return !math.IsNaN(c.Value) }

// Met reports whether the value is within its limits.
func (c Criterion) Met() bool { return c.Value >= c.Least && c.Value <= c.Most }

// Harm is a way in which a method does worse in a group than something cheaper:
// doing nothing, or a short retraining.
type Harm struct {
	Name string
	// Clear says that it is so by more than both 95% intervals together, and not only
	// in the means.
	Clear bool
}

// Judgement says whether a method passes for retraining in a group.
type Judgement struct {
	*Group
	Criteria []Criterion
	Harms    []Harm
	// Unfit says why the results decide nothing, or that some seeds have none; "" if
	// neither is so.
	Unfit string
}

// Passed reports whether all criteria that can be told are met, with no harm.
func (j Judgement) Passed() bool {
	return j.Unfit == "" && len(j.Harms) == 0 && !slices.ContainsFunc(j.Criteria, func(c Criterion) bool { return c.Known() && !c.Met() })
}

// Judge holds a method, with its budget, against the criteria in every group that has
// it:
//
//	excess     the excess removed is 0.85 to 1.15, or among the values that the two
//	           retrainings have with any seed
//	forgotten  accuracy on forgotten examples, differs from retraining's with the same
//	           seed by at most 1 point, or by what another seed's differs
//	test       the same on the test set, by 0.3 points
//	KS, KL     at most 1.25 of another seed's
//
// Harm is a KL to retraining, on the forgotten examples or on the test set, above the
// larger of the model's before and of another seed's; or a short retraining
// (shrink-perturb, fast-retrain) of the same cost that is better in both test accuracy
// and excess. All are means over seeds, of which there have to be three, with rows
// retrain and retrain-other-seed.
func (t *Table) Judge(method string) ([]Judgement, error) {
	var all []Judgement
	for _, g := range t.Groups() {
		if len(g.of[method]) > 0 {
			all = append(all, g.judge(method))
		}
	}
	if len(all) == 0 {
		var known []string
		for _, r := range t.Results {
			if !slices.Contains(known, r.Method) {
				known = append(known, r.Method)
			}
		}
		return nil, fmt.Errorf("bench: no results of %q; there are those of %s", method, strings.Join(known, ", "))
	}
	return all, nil
}

func (g *Group) judge(method string) Judgement {
	j := Judgement{Group: g}
	mine := g.of[method]
	switch failed := g.Failures(method); {
	case failed != "":
		j.Unfit = "could not run " + failed
	case len(mine) < enoughSeeds:
		j.Unfit = fmt.Sprintf("%d seeds, not %d", len(mine), enoughSeeds)
	case len(g.of[goalRow]) < len(mine) || len(g.of[otherRow]) < len(mine):
		j.Unfit = "rows of retraining are missing"
	}
	excess := must("excess removed")
	c := Criterion{"excess", excess.Summary(mine).Mean, 1 - excessAround, 1 + excessAround}
	for _, v := range excess.values(slices.Concat(g.of[goalRow], g.of[otherRow])) {
		c.Least, c.Most = min(c.Least, v), max(c.Most, v)
	}
	j.Criteria = append(j.Criteria, c,
		g.near("forgotten", must("forgotten %"), method, forgottenAbout),
		g.near("test", must("test %"), method, testAbout))
	for _, head := range []string{"KS", "KL"} {
		c := must(head)
		most := ofOtherSeed * c.Summary(g.of[otherRow]).Mean
		j.Criteria = append(j.Criteria, Criterion{head, c.Summary(mine).Mean, 0, most})
	}
	for _, head := range []string{"KL", "KL (test)"} {
		m := measure{must(head), -1}
		worse, clear := true, true
		for _, row := range []string{beforeRow, otherRow} {
			gap, beyond := m.ahead(mine, g.of[row])
			worse, clear = worse && gap < 0, clear && beyond
		}
		if worse {
			j.Harms = append(j.Harms, Harm{head, clear && len(mine) > 1})
		}
	}
	for _, rival := range g.Methods {
		kind, cost, _ := strings.Cut(rival, ":")
		_, own, _ := strings.Cut(method, ":")
		if kind != "shrink-perturb" && kind != "fast-retrain" || cost != own {
			continue
		}
		accuracy, clearly := measure{must("test %"), 1}.ahead(mine, g.of[rival])
		forgets, clear := measure{excess, 0}.ahead(mine, g.of[rival])
		if accuracy < 0 && forgets < 0 {
			j.Harms = append(j.Harms, Harm{kind, clearly && clear && len(mine) > 1})
		}
	}
	return j
}

// near compares levels with retraining's, seed by seed.
func (g *Group) near(name string, c Column, method string, tolerance float64) Criterion {
	return Criterion{name, g.apart(c, method), 0, max(tolerance, g.apart(c, otherRow))}
}

// apart is the mean distance of a level from retraining's with the same seed; NaN if no
// seed has both.
func (g *Group) apart(c Column, method string) float64 {
	goal := map[uint64]float64{}
	for _, r := range g.of[goalRow] {
		if v := c.values([]Result{r}); len(v) == 1 {
			goal[r.Seed] = v[0]
		}
	}
	sum, n := 0.0, 0
	for _, r := range g.of[method] {
		v := c.values([]Result{r})
		if w, ok := goal[r.Seed]; ok && len(v) == 1 {
			sum += math.Abs(v[0] - w)
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// manyForgotten is the share above which a set to forget is counted apart.
const manyForgotten = 0.5

// Judged returns Judge's judgements as Markdown: how many groups meet what, for
// every use of the experiment and apart where more than half is forgotten; and a line
// a group. What is not met is bold, and so is harm beyond the intervals.
func (t *Table) Judged(method string) (string, error) {
	all, err := t.Judge(method)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	type class struct {
		use  string
		many bool
	}
	var order []class
	of := map[class][]Judgement{}
	for _, j := range all {
		c := class{j.Use, j.Share > manyForgotten+1e-9}
		if of[c] == nil {
			order = append(order, c)
		}
		of[c] = append(of[c], j)
	}
	heads := []string{}
	for _, c := range all[0].Criteria {
		heads = append(heads, c.Name)
	}
	fmt.Fprintf(&b, "| cells | forgotten | passed | %s | no harm in the means | beyond the intervals |\n|---|---|---:|%s---:|---:|\n", strings.Join(heads, " | "), strings.Repeat("---:|", len(heads)))
	for _, c := range order {
		share := "up to half"
		if c.many {
			share = "more than half"
		}
		row := []string{markdownEscapes.Replace(orNone(c.use)), share}
		count := func(yes func(Judgement) (met, known bool)) {
			var n tally
			for _, j := range of[c] {
				n.add(yes(j))
			}
			row = append(row, fmt.Sprintf("%d of %d", n.yes, n.of))
		}
		count(func(j Judgement) (bool, bool) { return j.Passed(), true })
		for i := range heads {
			count(func(j Judgement) (bool, bool) { return j.Criteria[i].Met(), j.Criteria[i].Known() })
		}
		count(func(j Judgement) (bool, bool) { return len(j.Harms) == 0, true })
		count(func(j Judgement) (bool, bool) {
			return !slices.ContainsFunc(j.Harms, func(h Harm) bool { return h.Clear }), true
		})
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	fmt.Fprintf(&b, "\n| data | net | training | forget | cells | %s | harm | passed |\n|---|---|---|---|---|%s---|---|\n", strings.Join(heads, " | "), strings.Repeat("---:|", len(heads)))
	for _, j := range all {
		k := j.key
		row := []string{fmt.Sprintf("%s, %d", k.dataset, k.n), k.net, k.training(), k.forget, orNone(j.Use)}
		for i := range row {
			row[i] = markdownEscapes.Replace(row[i])
		}
		for _, c := range j.Criteria {
			row = append(row, c.String())
		}
		var harms []string
		for _, h := range j.Harms {
			name := markdownEscapes.Replace(h.Name)
			if h.Clear {
				name = "**" + name + "**"
			}
			harms = append(harms, name)
		}
		passed := "yes"
		if !j.Passed() {
			passed = "no"
		}
		if j.Unfit != "" {
			passed = "no: " + markdownEscapes.Replace(j.Unfit)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(append(row, strings.Join(harms, ", "), passed), " | "))
	}
	return b.String(), nil
}

func orNone(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// String prints the value with the limit that it is to be read against, in bold where
// it is not met.
func (c Criterion) String() string {
	if !c.Known() {
		return "—"
	}
	format := "%.2f"
	if c.Name == "KS" || c.Name == "KL" {
		format = "%.4f"
	}
	limit := "≤ " + fmt.Sprintf(format, c.Most)
	if c.Value < c.Least || c.Least > 0 && c.Value <= 1 {
		limit = "≥ " + fmt.Sprintf(format, c.Least)
	}
	value := fmt.Sprintf(format, c.Value)
	if !c.Met() {
		value = "**" + value + "**"
	}
	return value + " " + limit
}
