package attacks

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// LabelOnly is the attack on a model that answers with a label and no more
// (Choquette-Choo et al., "Label-Only Membership Inference Attacks", ICML 2021): how
// far an example can be moved, in random directions, before the label is no longer its
// own. Models keep farther from what they were trained on. The distance along each
// direction is found by doubling and bisection, and the score is their mean: 0 for an
// example that is answered wrongly as it is.
type LabelOnly struct {
	Directions int     // 0 means 20
	Most       float64 // distance beyond which nothing is looked for, in standard deviations of the features; 0 means 8
	Steps      int     // of bisection; 0 means 6
	Seed       uint64
}

// LabelDistances returns one score for each example x, row-major [len(labels),
// len(deviation)], larger = member. Of the logits only the largest is used. The
// directions are those of an example's position, the same for every model.
func LabelDistances[L Label](ctx context.Context, l LabelOnly, q Querier, x []float32, labels []L, deviation []float32, classes int) ([]float64, error) {
	const op = "LabelDistances"
	n, f := len(labels), len(deviation)
	directions, most, steps := orDefault(l.Directions, 20), orDefault(l.Most, 8), orDefault(l.Steps, 6)
	switch {
	case n == 0 || f == 0:
		return nil, failf(op, ErrEmpty, "%d examples of %d features", n, f)
	case len(x) != n*f:
		return nil, &ShapeError{Op: op, Arg: "x", Got: len(x), Want: n * f}
	case directions < 1 || steps < 1 || !(most > 0) || math.IsInf(most, 1):
		return nil, failf(op, ErrRange, "%d directions, %d steps, most %v; want above 0", directions, steps, most)
	}
	out := make([]float64, n)
	for i := range n {
		row := x[i*f : (i+1)*f]
		rng := purpose.Rand(l.Seed, purpose.Direction, uint64(i))
		unit := make([]float32, directions*f)
		for d := range directions {
			norm := 0.0
			part := unit[d*f : (d+1)*f]
			for j := range part {
				part[j] = float32(rng.NormFloat64())
				norm += float64(part[j]) * float64(part[j])
			}
			for j, sd := range deviation {
				part[j] *= sd * float32(math.Sqrt(float64(f)/norm))
			}
		}
		// right says along which directions the label is kept at given distances.
		label := make([]L, directions)
		for d := range label {
			label[d] = labels[i]
		}
		moved := make([]float32, directions*f)
		right := func(at []float64) ([]bool, error) {
			for d := range directions {
				for j, v := range row {
					moved[d*f+j] = v + float32(at[d])*unit[d*f+j]
				}
			}
			correct, err := Query(ctx, q, SignalCorrectness, moved, label, classes, 0)
			if err != nil {
				return nil, fmt.Errorf("attacks: %s: example %d: %w", op, i, err)
			}
			keep := make([]bool, directions)
			for d, c := range correct {
				keep[d] = c == 1
			}
			return keep, nil
		}
		low, high := make([]float64, directions), make([]float64, directions)
		keep, err := right(low)
		if err != nil {
			return nil, err
		}
		if !keep[0] {
			continue
		}
		// Doubling from the smallest distance that bisection could tell.
		open := directions
		for at := most / math.Exp2(float64(steps)); open > 0; at *= 2 {
			probe := make([]float64, directions)
			for d := range probe {
				probe[d] = min(at, most)
			}
			if keep, err = right(probe); err != nil {
				return nil, err
			}
			for d, k := range keep {
				switch {
				case high[d] != 0:
				case !k:
					high[d] = probe[d]
					open--
				default:
					low[d] = probe[d]
				}
			}
			if at >= most {
				break
			}
		}
		for range steps {
			probe := make([]float64, directions)
			for d := range probe {
				if probe[d] = low[d]; high[d] != 0 {
					probe[d] = (low[d] + high[d]) / 2
				}
			}
			if keep, err = right(probe); err != nil {
				return nil, err
			}
			for d, k := range keep {
				if high[d] == 0 {
					continue
				}
				if k {
					low[d] = probe[d]
				} else {
					high[d] = probe[d]
				}
			}
		}
		for d := range directions {
			at := most
			if high[d] != 0 {
				at = (low[d] + high[d]) / 2
			}
			out[i] += at / float64(directions)
		}
	}
	return out, nil
}
