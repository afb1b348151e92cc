package history

import (
	"fmt"
	"math"
	"slices"
)

// Policy chooses what to keep. Make one with All, Last, EveryEpochs, Spaced,
// Halving, At or Pushes.
type Policy struct {
	name string
	// plan says for a run of T steps, s to an epoch, which spans to keep.
	plan   func(T, s int) []span
	pushes bool // whether to keep pushes
}

// span is a checkpoint at step From and the gradients of From … To−1.
type span struct{ From, To int }

// WithPushes returns a policy that keeps the pushes too, see Pushes.
func (p Policy) WithPushes() Policy {
	if !p.pushes {
		p.name, p.pushes = p.name+"+pushes", true
	}
	return p
}

// String returns a notation of the policy for results.
func (p Policy) String() string { return p.name }

// All keeps the gradient of every step.
func All() Policy {
	return Policy{name: "all", plan: func(T, _ int) []span { return []span{{0, T}} }}
}

// Last keeps the last k steps.
func Last(k int) Policy {
	positive("Last", k)
	return Policy{name: fmt.Sprintf("last:%d", k), plan: func(T, _ int) []span { return []span{{max(0, T-k), T}} }}
}

// EveryEpochs keeps the gradients of every s-th epoch, starting with the
// first, for recursions that interpolate between them.
func EveryEpochs(s int) Policy {
	positive("EveryEpochs", s)
	return Policy{name: fmt.Sprintf("epochs:%d", s), plan: func(T, perEpoch int) []span {
		var spans []span
		for t := 0; t < T; t += s * perEpoch {
			spans = append(spans, span{t, min(t+perEpoch, T)})
		}
		return spans
	}}
}

// Spaced keeps n checkpoints at even distances inside the run, without
// gradients: the first after T/(n+1) steps.
func Spaced(n int) Policy {
	positive("Spaced", n)
	return Policy{name: fmt.Sprintf("spaced:%d", n), plan: func(T, _ int) []span {
		var spans []span
		last := 0
		for i := 1; i <= n; i++ {
			if t := i * T / (n + 1); t > last {
				spans = append(spans, span{t, t})
				last = t
			}
		}
		return spans
	}}
}

// Halving keeps n checkpoints, without gradients, after T/2, T/4, … T/2ⁿ steps:
// close together where a run changes fast and has seen little. Like every
// checkpoint they hold the momentum, half of their bytes, though Accelerate
// starts without it: rewinding and replaying need it.
func Halving(n int) Policy {
	positive("Halving", n)
	return Policy{name: fmt.Sprintf("halving:%d", n), plan: func(T, _ int) []span {
		var spans []span
		last := 0
		for i := n; i >= 1; i-- {
			if t := T >> i; t > last {
				spans = append(spans, span{t, t})
				last = t
			}
		}
		return spans
	}}
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
	return Policy{name: name, plan: func(T, _ int) []span {
		var spans []span
		for _, share := range slices.Sorted(slices.Values(shares)) {
			t := StepAt(share, T)
			if n := len(spans); t < T && (n == 0 || spans[n-1].From < t) {
				spans = append(spans, span{t, t})
			}
		}
		return spans
	}}
}

func positive(name string, n int) {
	if n < 1 {
		panic(fmt.Sprintf("history: %s(%d): the argument must be positive", name, n))
	}
}
