package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// trust is the trust region of quasi-Newton products: no product may be longer,
// relative to its argument, than limit times the longest exact one so far,
//
//	‖B d‖ ≤ limit · max ‖y‖/‖s‖ · ‖d‖,
//
// since a pair from a noisy batch can make B far steeper than any Hessian met.
// A limit of 0 trusts every product.
type trust struct {
	limit   float64
	longest float64 // max ‖y‖/‖s‖ over the exact products
}

// saw counts an exact product y for s. That of s = 0 says nothing.
func (t *trust) saw(s, y *graph.Tensor) {
	if size := norm(s); size > 0 {
		t.longest = max(t.longest, norm(y)/size)
	}
}

// shorten brings h = B d into the region and reports whether it was outside.
func (t *trust) shorten(d, h *graph.Tensor) bool {
	bound, n := t.limit*t.longest*norm(d), norm(h)
	if t.limit == 0 || !(n > bound) {
		return false
	}
	combine(h, bound/n, h, 0, h)
	return true
}
