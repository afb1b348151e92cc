package unlearning

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// held are the answers at w_T of those examples that were asked for, widened.
type held struct {
	q        *request
	view     nets.View
	doubts   []float64 // [n]
	widening float64
	kappa    float64
	answers  []float64 // [n, K]
	known    []bool
	batch    []float64
}

func newHeld(q *request, doubts []float64, widening float64) *held {
	n := q.Run.Data.Len()
	return &held{
		q: q, view: q.lastView(), doubts: doubts, widening: widening, kappa: q.kappa(),
		answers: make([]float64, n*q.model.Arch().Classes), known: make([]bool, n),
	}
}

// width returns what the logits of example i, less their mean, are multiplied with.
func (h *held) width(i int) float64 {
	if h.doubts[i] == 0 { // the run did not visit it
		return 1
	}
	return math.Pow(1+h.kappa, h.widening*max(-0.5, 1-4*h.doubts[i]))
}

// ask computes the answers of those of ids that are not known.
func (h *held) ask(ids []int) error {
	q, k := h.q, h.q.model.Arch().Classes
	var ask []int
	for _, i := range ids {
		if !h.known[i] {
			h.known[i] = true
			ask = append(ask, i)
		}
	}
	z := make([]float64, k*len(ask))
	if err := q.model.LogitsAs(h.view, q.Run.Params, q.Run.Data, ask, z); err != nil {
		return err
	}
	for j, i := range ask {
		own := z[j*k : j*k+k]
		mean := floats.Sum(own) / float64(k) // says nothing, but holding logits holds it too
		width := h.width(i)
		for c, v := range own {
			h.answers[i*k+c] = mean + width*(v-mean)
		}
	}
	return nil
}

// gradient sets g to the gradient at u of the distance from the answers of ids,
// which have been asked for.
func (h *held) gradient(u *graph.Tensor, ids []int, stiffness float64, g *graph.Tensor) error {
	q, k := h.q, h.q.model.Arch().Classes
	h.batch = slices.Grow(h.batch[:0], k*len(ids))[:k*len(ids)]
	for j, i := range ids {
		copy(h.batch[j*k:], h.answers[i*k:i*k+k])
	}
	return q.model.HoldGradient(h.view, u, q.Run.Data, ids, h.batch, stiffness, g)
}
