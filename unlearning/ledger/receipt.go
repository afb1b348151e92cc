package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Receipt is what Forget returns: the journal's entry. Its Hash, kept elsewhere,
// proves later that the journal has not been cut.
type Receipt struct{ Entry }

// String is the receipt for people.
func (r *Receipt) String() string {
	var b strings.Builder
	e := r.Entry
	row := func(name, format string, a ...any) { fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, a...)) }
	fmt.Fprintf(&b, "entry %d, %s, %s\n", e.Number, e.Kind, e.Time.Format("2006-01-02 15:04:05"))
	var ids []string
	for _, s := range e.Requests {
		ids = append(ids, s.ID)
	}
	if len(ids) > 0 {
		row("requests", "%s: %d examples", strings.Join(ids, ", "), e.Examples)
	}
	row("left", "%d examples", e.Left)
	if e.Method != nil {
		route := ""
		if e.Route != "" {
			route = fmt.Sprintf(", by %s: %s", e.Route, e.Reason)
		}
		row("method", "%s%s", e.Method.Name, route)
	}
	for _, g := range slices.Sorted(maps.Keys(e.Guards)) {
		row("guard", "%s, %d times", g, e.Guards[g])
	}
	if c := e.Cost; c != nil {
		row("cost", "%.0f gradient evaluations, %.3f of retraining; %.2f s", c.GradEvals, c.OfRetraining, c.Seconds)
	}
	row("before", "%s", e.Before)
	row("after", "%s", e.After)
	if s := e.Since; s != nil && s.Requests > 0 {
		text := fmt.Sprintf("%d requests, %.2f%% of the examples; moved %.3g of training's way", s.Requests, 100*s.Share, s.Moved)
		if s.ExcessBefore > 0 {
			text += fmt.Sprintf("; margins above unseen examples %.3g in sum, %.3g before", s.ExcessAfter, s.ExcessBefore)
		}
		row("since then", "%s", text)
	}
	if c := e.Certificate; c != nil {
		b.WriteString(c.String())
	}
	row("hash", "%s", e.Hash)
	return b.String()
}

// String is the certificate for people: every statement under the name of its kind.
func (c *Certificate) String() string {
	var b strings.Builder
	row := func(name, format string, a ...any) { fmt.Fprintf(&b, "  %-12s %s\n", name, fmt.Sprintf(format, a...)) }
	row("replayable", "%s", c.Replayable)
	if e := c.Estimated; e != nil {
		row("estimated", "moved by %.3g; a step leaves %.4f of an error in that direction", e.Distance, e.Rate)
		if x := e.Excess; x != nil {
			row("estimated", "margin of the forgotten above unseen examples %.2f [%.2f, %.2f], before %.2f", x.Value, x.Low, x.High, e.ExcessBefore)
		}
	}
	if d := c.Bounded; d != nil {
		row("bounded", "at most %.3g from the minimiser of the retained objective, before %.3g", d.Distance, d.Before)
	}
	if g := c.Guarantee; g != nil {
		row("(ε, δ)", "ε = %.3g, δ = %.3g, by %s; it assumes %s", g.Epsilon, g.Delta, g.By, strings.Join(g.Assumes, "; "))
	}
	row("not known", "%s", c.Open)
	return b.String()
}
