package lbfgs

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// Trust is the trust region of quasi-Newton products: no product may be longer,
// relative to its argument, than limit times the longest exact one so far,
//
//	‖B d‖ ≤ limit · max ‖y‖/‖s‖ · ‖d‖,
//
// since a pair from a noisy batch can make B far steeper than any Hessian met.
// A Limit of 0 trusts every product.
type Trust struct {
	Limit   float64
	longest float64 // max ‖y‖/‖s‖ over the exact products
}

// Saw counts an exact product y for s. That of s = 0 says nothing.
func (t *Trust) Saw(s, y *graph.Tensor) {
	if size := vector.Norm(s); size > 0 {
		t.longest = max(t.longest, vector.Norm(y)/size)
	}
}

// Shorten brings h = B d into the region and reports whether it was outside.
func (t *Trust) Shorten(d, h *graph.Tensor) bool {
	bound, n := t.Limit*t.longest*vector.Norm(d), vector.Norm(h)
	if t.Limit == 0 || !(n > bound) {
		return false
	}
	vector.Combine(h, bound/n, h, 0, h)
	return true
}
