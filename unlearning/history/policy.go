package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Policy chooses what to keep of a run. The zero value keeps nothing. Make
// others with All, Last, EveryEpochs, Spaced, Halving, At and LogitGradients,
// and put them together with And.
type Policy struct {
	parts          []part // what steps to keep, each part once
	logitGradients bool
}

// part says for a run of T steps, perEpoch to an epoch, which spans to keep.
type part struct {
	name string
	plan func(T, perEpoch int) []span
}

// span is a checkpoint at step From and the gradients of From … To−1.
type span struct{ From, To int }

func steps(name string, plan func(T, perEpoch int) []span) Policy {
	return Policy{parts: []part{{name, plan}}}
}

// And returns a policy that keeps what p or q keeps. A checkpoint of one inside
// a span of gradients of the other is not stored: it can be replayed.
func (p Policy) And(q Policy) Policy {
	r := Policy{parts: slices.Clone(p.parts), logitGradients: p.logitGradients || q.logitGradients}
	named := func(name string) func(part) bool { return func(p part) bool { return p.name == name } }
	for _, more := range q.parts {
		if !slices.ContainsFunc(r.parts, named(more.name)) {
			r.parts = append(r.parts, more)
		}
	}
	if i := slices.IndexFunc(r.parts, named(all)); i >= 0 {
		r.parts = r.parts[i : i+1 : i+1]
	}
	return r
}

// Empty reports whether nothing is kept.
func (p Policy) Empty() bool { return len(p.parts) == 0 && !p.logitGradients }

// String returns a notation of the policy for results, such as
// "at:0.5+logit-gradients"; that of the zero value is "none".
func (p Policy) String() string {
	var names []string
	for _, part := range p.parts {
		names = append(names, part.name)
	}
	if p.logitGradients {
		names = append(names, logitGradientsName)
	}
	return cmp.Or(strings.Join(names, "+"), "none")
}

// plan returns the spans to keep, in the order of steps and apart.
func (p Policy) plan(T, perEpoch int) []span {
	if len(p.parts) == 1 {
		return p.parts[0].plan(T, perEpoch)
	}
	var gradients, plan []span
	var checkpoints []int
	for _, part := range p.parts {
		for _, s := range part.plan(T, perEpoch) {
			if s.From < s.To {
				gradients = append(gradients, s)
			} else {
				checkpoints = append(checkpoints, s.From)
			}
		}
	}
	slices.SortFunc(gradients, func(a, b span) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	for _, s := range gradients {
		if last := len(plan) - 1; last >= 0 && s.From <= plan[last].To {
			plan[last].To = max(plan[last].To, s.To)
		} else {
			plan = append(plan, s)
		}
	}
	slices.Sort(checkpoints)
	for _, t := range slices.Compact(checkpoints) {
		if !slices.ContainsFunc(plan, func(s span) bool { return s.From <= t && t < s.To }) {
			plan = append(plan, span{t, t})
		}
	}
	slices.SortStableFunc(plan, func(a, b span) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	return plan
}

// all is the name of the policy that leaves nothing for others to add.
const all = "all"

// All keeps the gradient of every step.
func All() Policy {
	return steps(all, func(T, _ int) []span { return []span{{0, T}} })
}

// Last keeps the last k steps.
func Last(k int) Policy {
	positive("Last", k)
	return steps(fmt.Sprintf("last:%d", k), func(T, _ int) []span { return []span{{max(0, T-k), T}} })
}

// EveryEpochs keeps the gradients of every s-th epoch, starting with the
// first, for recursions that interpolate between them.
func EveryEpochs(s int) Policy {
	positive("EveryEpochs", s)
	return steps(fmt.Sprintf("epochs:%d", s), func(T, perEpoch int) []span {
		var spans []span
		for t := 0; t < T; t += s * perEpoch {
			spans = append(spans, span{t, min(t+perEpoch, T)})
		}
		return spans
	})
}

// Spaced keeps n checkpoints at even distances inside the run, without
// gradients: the first after T/(n+1) steps.
func Spaced(n int) Policy {
	positive("Spaced", n)
	return steps(fmt.Sprintf("spaced:%d", n), func(T, _ int) []span {
		var spans []span
		last := 0
		for i := 1; i <= n; i++ {
			if t := i * T / (n + 1); t > last {
				spans = append(spans, span{t, t})
				last = t
			}
		}
		return spans
	})
}

// Halving keeps n checkpoints, without gradients, after T/2, T/4, … T/2ⁿ steps:
// close together where a run changes fast and has seen little. Like every
// checkpoint they hold the momentum, half of their bytes, though ShortRun
// starts without it: rewinding and replaying need it.
func Halving(n int) Policy {
	positive("Halving", n)
	return steps(fmt.Sprintf("halving:%d", n), func(T, _ int) []span {
		var spans []span
		last := 0
		for i := n; i >= 1; i-- {
			if t := T >> i; t > last {
				spans = append(spans, span{t, t})
				last = t
			}
		}
		return spans
	})
}

// StepAt returns the step of T before which a share of a run has passed. It
// rounds up, so that the rest costs no more than its share.
func StepAt(share float64, T int) int {
	return int(math.Ceil(share*float64(T) - 1e-9))
}

// At keeps a checkpoint, without gradients, where each of the given shares of
// the run has passed, see StepAt.
func At(shares ...float64) Policy {
	name := "at"
	for _, share := range shares {
		if !(share >= 0 && share < 1) {
			panic(fmt.Sprintf("history: At(%g): the share must be in [0, 1)", share))
		}
		name += fmt.Sprintf(":%g", share)
	}
	return steps(name, func(T, _ int) []span {
		var spans []span
		for _, share := range slices.Sorted(slices.Values(shares)) {
			t := StepAt(share, T)
			if n := len(spans); t < T && (n == 0 || spans[n-1].From < t) {
				spans = append(spans, span{t, t})
			}
		}
		return spans
	})
}

func positive(name string, n int) {
	if n < 1 {
		panic(fmt.Sprintf("history: %s(%d): the argument must be positive", name, n))
	}
}
