package bench

import (
	"fmt"
	"math"
	"strings"
)

// Finding is what the numbers of a study say of a method, all its budgets and
// forget sets together.
type Finding struct {
	Method string // without a budget
	// Verdict is a short judgement, Text the sentence with the numbers behind it.
	Verdict, Text string
}

// tally counts the cells of a method in which something holds.
type tally struct{ yes, of int }

func (t *tally) add(yes, known bool) {
	if known {
		t.of++
	}
	if yes && known {
		t.yes++
	}
}

func (t tally) all() bool { return t.of > 0 && t.yes == t.of }

func (t tally) none() bool { return t.of > 0 && t.yes == 0 }

// phrase says of something, as "test accuracy", whether it is what is claimed of
// it, as "within chance of retraining's", in how many cells, and with which
// values.
func (t tally) phrase(what, claim, values string) string {
	switch {
	case t.of == 0:
		return fmt.Sprintf("%s %s", what, values)
	case t.of == 1 && t.all():
		return fmt.Sprintf("%s %s (%s)", what, claim, values)
	case t.of == 1:
		return fmt.Sprintf("%s not %s (%s)", what, claim, values)
	case t.all():
		return fmt.Sprintf("%s %s in all %d cells (%s)", what, claim, t.of, values)
	case t.none():
		return fmt.Sprintf("%s %s in none of %d cells (%s)", what, claim, t.of, values)
	}
	return fmt.Sprintf("%s %s in %d of %d cells (%s)", what, claim, t.yes, t.of, values)
}

// spread is the least and the greatest of some numbers.
type spread struct{ lo, hi float64 }

func newSpread() spread { return spread{math.Inf(1), math.Inf(-1)} }

func (s *spread) add(v float64) {
	if !math.IsNaN(v) {
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
}

func (s spread) format(decimals int) string {
	number := func(v float64) string {
		if math.Abs(v) >= 1e5 { // what has diverged, in few digits
			return fmt.Sprintf("%.0e", v)
		}
		text := fmt.Sprintf("%.*f", decimals, v)
		if !strings.ContainsAny(text, "123456789") { // no sign before 0
			text = strings.TrimPrefix(text, "-")
		}
		return strings.Replace(text, "-", "−", 1)
	}
	if lo, hi := number(s.lo), number(s.hi); lo != hi {
		return lo + " to " + hi
	}
	return number(s.lo)
}

func (s spread) empty() bool { return s.lo > s.hi }

// Findings returns what the numbers say of each method that is judged, in the
// order of first appearance. A cell is a budget with a forget set. The words
// follow from the noise floor, see Floor, and from nothing else: one seed, or no
// row retrain-other-seed, says nothing, nor does a
// measure that the untouched model passes too.
func (s Study) Findings() []Finding {
	var order []string
	seen := map[string]bool{}
	for _, g := range s.Groups {
		kinds, _ := g.Kinds()
		for _, k := range kinds {
			if !seen[k] && !IsReference(k) {
				seen[k] = true
				order = append(order, k)
			}
		}
	}
	var all []Finding
	for _, kind := range order {
		all = append(all, s.finding(kind))
	}
	return all
}

func (s Study) finding(kind string) Finding {
	acc, removed, ks, kl, rel, cost := must("test %"), must("excess removed"), must("KS"), must("KL"), must("rel. distance"), must("of retraining")
	var accurate, forgets, alike, nearer tally
	lost, share, distance, info, params, work := newSpread(), newSpread(), newSpread(), newSpread(), newSpread(), newSpread()
	failed := 0
	for _, g := range s.Groups {
		_, kinds := g.Kinds()
		for _, m := range kinds[kind] {
			results := g.of[m]
			for _, r := range results {
				if r.Error != "" {
					failed++
				}
			}
			gap := g.difference(acc, m)
			lost.add(gap.Mean)
			share.add(removed.Summary(results).Mean)
			distance.add(ks.Summary(results).Mean)
			params.add(rel.Summary(results).Mean)
			work.add(cost.Summary(results).Mean)
			within, known := g.Within(acc, m)
			accurate.add(within || gap.Mean > 0, known)
			forgets.add(g.tells(removed, m))
			alike.add(g.tells(ks, m))
			before, mine := kl.Summary(g.of[beforeRow]), kl.Summary(results)
			info.add(mine.Mean)
			nearer.add(mine.Mean < before.Mean, before.Exists() && mine.Exists())
		}
	}
	const within = "within chance of retraining's"
	var parts []string
	part := func(s spread, text string) {
		if !s.empty() {
			parts = append(parts, text)
		}
	}
	part(lost, accurate.phrase("test accuracy", within, lost.format(2)+" points"))
	part(share, forgets.phrase("excess removed", within, share.format(2)))
	part(distance, alike.phrase("margins on forgotten examples", within, "KS "+distance.format(3)))
	part(info, nearer.phrase("KL", "nearer to retraining than doing nothing", info.format(4)))
	if accurate.of+forgets.of+alike.of == 0 {
		part(params, "relative distance "+params.format(3))
	}
	part(work, work.format(3)+" of retraining's work")
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d results could not be computed", failed))
	}
	text := strings.Join(parts, "; ") + "."
	return Finding{Method: kind, Verdict: verdict(accurate, forgets, alike), Text: strings.ToUpper(text[:1]) + text[1:]}
}

// tells is Within, but that a method passes where doing nothing passes too is
// not known to say anything.
func (g *Group) tells(c Column, method string) (within, known bool) {
	within, known = g.Within(c, method)
	if idle, ok := g.Within(c, beforeRow); within && idle && ok {
		return false, false
	}
	return within, known
}

// verdict puts the tallies into a few words.
func verdict(accurate, forgets, alike tally) string {
	switch {
	case accurate.of == 0 && forgets.of == 0 && alike.of == 0:
		return "no judgement without two seeds and the row retrain-other-seed"
	case accurate.all() && alike.yes == alike.of && forgets.yes == forgets.of && alike.of+forgets.of > 0:
		return "looks like retraining by these measures"
	case forgets.none():
		return "does not forget as retraining does"
	case accurate.none():
		return "loses accuracy"
	case !accurate.all() && accurate.of > 0:
		return "loses accuracy in some cells"
	case alike.of+forgets.of == 0:
		return "accurate; nothing here tells forgetting from doing nothing"
	}
	return "accurate, but not in all cells like retraining on what was forgotten"
}

// must returns a column of this package.
func must(head string) Column {
	c, err := ColumnOf(head)
	if err != nil {
		panic(err)
	}
	return c
}
