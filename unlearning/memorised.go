package unlearning

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Memorisation tells by the logit gradients of a run, [n, Classes], how much of the run
// each example took to be learned, or to be learned by heart: Σ_c |α_ic|. It orders
// examples; Feldman and Zhang (2020) measure memorisation by leaving examples out of
// many runs, for which this is a proxy that costs nothing.
func Memorisation(alpha *graph.Tensor) []float64 {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	scores := make([]float64, n)
	for i := range n {
		for c := range k {
			scores[i] += math.Abs(alpha.At(i*k + c))
		}
	}
	return scores
}

// MostMemorised returns a share of a run's examples, those that it memorised most, from
// a record with its logit gradients (history.LogitGradients).
func MostMemorised(record *history.Record, share float64) (data.ForgetSet, error) {
	if !(share > 0 && share < 1) {
		return data.ForgetSet{}, fmt.Errorf("unlearning: memorised: a share of %g is not above 0 and below 1", share)
	}
	if record == nil {
		return data.ForgetSet{}, fmt.Errorf("unlearning: memorised: %w", ErrNoHistory)
	}
	alpha, _, err := record.LogitGradients()
	if err != nil {
		return data.ForgetSet{}, fmt.Errorf("unlearning: memorised: %w", err)
	}
	scores := Memorisation(alpha)
	at := make([]int, len(scores))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return data.ForgetPositions(len(at), at[:int(math.Round(share*float64(len(at))))])
}
