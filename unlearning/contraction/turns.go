package contraction

import "github.com/miniunlearn/miniunlearn/internal/purpose"

// turns draws samples of batches such that examples count equally often: of each batch
// those whose turn it is. An example is due for the part of a draw that each visit adds
// to it, less the times that it was drawn.
type turns struct {
	due  []float64 // by example
	keys []float64
}

// newTurns spreads the first turns evenly over the examples.
func newTurns(s *System, draw uint64) *turns {
	n := s.Run.Data.Len()
	t := &turns{due: make([]float64, n)}
	for at, i := range s.Rand(purpose.Phase, draw).Perm(n) {
		t.due[i] = float64(at) / float64(n)
	}
	return t
}

// draw returns those n of a batch that are due most, in the batch's order, which is a
// random one.
func (t *turns) draw(batch []int, n int) []int {
	if n >= len(batch) {
		return batch
	}
	part := float64(n) / float64(len(batch))
	t.keys = t.keys[:0]
	for _, i := range batch {
		t.due[i] += part
		t.keys = append(t.keys, t.due[i])
	}
	least := largest(t.keys, n)
	drawn, rest := make([]int, 0, n), n
	for _, i := range batch {
		if t.due[i] > least {
			rest--
		}
	}
	// Of those that are just due, the first of the batch.
	for _, i := range batch {
		switch {
		case t.due[i] < least || t.due[i] == least && rest == 0:
			continue
		case t.due[i] == least:
			rest--
		}
		drawn = append(drawn, i)
		t.due[i]--
	}
	return drawn
}

// largest returns the n-th largest of some values, which it reorders (quickselect: Hoare, 1961).
func largest(x []float64, n int) float64 {
	k := n - 1 // its place where the values descend
	for lo, hi := 0, len(x)-1; lo < hi; {
		pivot, i, j := x[lo+(hi-lo)/2], lo, hi
		for i <= j {
			for x[i] > pivot {
				i++
			}
			for x[j] < pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}
