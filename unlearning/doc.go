// Package unlearning makes a trained network forget.
//
// A [Problem] is a training run, the set U of examples to forget, and the
// record that training left. A [Method] turns it into a [Result]: parameters
// meant to be like those of a model that never saw U, and an account of what
// they cost. [Retrain] is the reference: it trains again, in the recorded
// order, without U. [Mini] is the method of this project, Mini-Unlearning.
//
// The premise of Mini-Unlearning (Huang et al., arXiv 2406.16986) is that
// unlearned and retrained parameters are related by a contraction mapping, so
// that a small part of the historical gradients is enough. The recursion of
// [Recursion], derived in docs/method.md and not copied from the paper, makes
// that concrete. With d the difference between retrained and original
// parameters and q that of the momenta,
//
//	q ← β q + (H_t + λ) d − δ_t,   d ← d − η_t q,   δ_t = m/(b−m)·(ḡ_U − g_t),
//
// where U holds m of the b examples of batch t, and all gradients are taken at
// recorded points. Its parts are the axes of a family of methods: which steps
// are disturbed ([Window]) and how the curvature product H_t d is found
// ([Curvature]).
//
// No recursion follows the small batches of a network for long. [Erase] sums
// the disturbances in other coordinates, each example's pushes on its own
// logits, and follows the recursion around w_T, where answers that are asked for
// once stand for the second gradient of a difference. [Accelerate] is a short run
// of plain training from a recorded state.
package unlearning
