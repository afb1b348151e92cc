package unlearning

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// unlike is what tells a forget set from a random one, by the logit gradients of the
// run alone. Where U is unlike the others, the logits that retained examples have at
// w_T are not those that they would have without U, and must not be distilled.
type unlike struct {
	guard  Guard // GuardClassLike or GuardConflicting; "" for a set like the others
	reason string
	labels []int // those that U taught most of, if it is class-like
	// doubtful is a U that is like the others, and of which the record does not tell what it did.
	doubtful bool
}

// compare compares what U taught with what random sets of its size would have.
//
// A U that is like a class has taught most of what was taught of some label. Random
// sets have r of every label, give or take what drawing without replacement makes, and
// U is class-like where a label keeps less than half of what they would leave it, and
// more of its examples than chance explains.
//
// A U that taught against the others, such as wrong labels, or what they could not
// teach, such as the hardest examples, has more than its share of all that was taught:
// the run had to learn each of its examples by heart.
func compare(s *contraction.System, alpha *graph.Tensor) unlike {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	r := float64(s.Forget.Len()) / float64(n)
	type tally struct{ examples, size, squares float64 }
	all, forget := make([]tally, k), make([]tally, k)
	var total, of tally
	for i := range n {
		var size float64
		for c := range k {
			size += math.Abs(alpha.At(i*k + c))
		}
		one := tally{1, size, size * size}
		add := func(t *tally) {
			t.examples, t.size, t.squares = t.examples+one.examples, t.size+one.size, t.squares+one.squares
		}
		label := s.Run.Data.Y[i]
		add(&all[label])
		add(&total)
		if s.Forget.Contains(i) {
			add(&forget[label])
			add(&of)
		}
	}
	if total.size == 0 {
		return unlike{}
	}
	var like unlike
	for label := range k {
		a, f := all[label], forget[label]
		if a.size == 0 {
			continue
		}
		// Hypergeometric: how many examples of the label a random set has.
		deviation := math.Sqrt(a.examples * r * (1 - r) * max(0, 1-a.examples/float64(n)))
		if left := 1 - f.size/a.size; left < (1-r)/2 && f.examples-r*a.examples > defaults.UnlikeDeviations*deviation && a.examples > defaults.UnlikeDeviations {
			like.labels = append(like.labels, label)
			if like.guard == "" {
				like.guard, like.reason = GuardClassLike, fmt.Sprintf("U holds %.0f%% of what was taught of class %s, and %.0f%% of the data", 100*f.size/a.size, s.Run.Data.ClassName(label), 100*r)
			}
		}
	}
	if more := len(like.labels) - 1; more > 0 {
		like.reason += fmt.Sprintf(" (and so of %d more)", more)
	}
	if like.guard != "" {
		return like
	}
	mean := total.size / float64(n)
	variance := total.squares/float64(n) - mean*mean
	deviation := math.Sqrt(variance * float64(s.Forget.Len()) * (1 - r))
	part := of.size / total.size
	if of.size-r*total.size > defaults.UnlikeDeviations*deviation && part > defaults.UnlikeRatio*r && part > defaults.UnlikePart {
		return unlike{guard: GuardConflicting, reason: fmt.Sprintf("U holds %.0f%% of what was taught, and %.0f%% of the data", 100*part, 100*r)}
	}
	return unlike{}
}
