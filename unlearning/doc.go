// Package unlearning makes a trained network forget.
//
// A [Problem] is a training run, the set U of examples to forget, and the
// record that training left. A [Method] turns it into a [Result]: parameters
// meant to be like those of a model that never saw U, and an account of what
// they cost. [Retrain] is the reference: it trains again, in the recorded
// order, without U. [Mini] is the method of this project, Mini-Unlearning;
// package baselines has those of others, and [Register] makes yours known.
//
// The premise of Mini-Unlearning (Huang et al., arXiv 2406.16986) is that
// unlearned and retrained parameters are related by a contraction mapping, so
// that a small part of the historical gradients is enough. Package contraction
// makes that concrete, by a derivation of its own (docs/method.md): with d the
// difference between the parameters of two runs and q that of their momenta,
//
//	q ← β q + C(d) + λ d − δ,   d ← d − η q.
//
// Each of its three parts is a choice: the path along which d is followed, the
// disturbance δ that U made, and the curvature C(d) ≈ H d that brings the runs
// together again. [Recursion] follows the recorded run of a convex model. No
// recursion follows the small batches of a network for long: [Erase] sums the
// disturbances first, from the logit gradients of the run, and follows the
// contraction at w_T, with a curvature that is distilled from the model's own
// logits. [Mini] chooses between the two, and trains shortly ([ShortRun]) where
// neither would do.
//
// # Glossary
//
// Of sets and examples:
//
//	U            the forget set; the others are retained
//	n, r         number of examples, and |U|/n
//	κ            |U|/(n−|U|): by how much more a retained example weighs in
//	             means over fewer examples
//	class-like   of a U whose examples have something in common that others have
//	             not, such as a class
//	conflicting  of a U that taught against the others, such as wrong labels
//
// Of the two runs:
//
//	B_t, b, m    batch of step t, its size, how much of it is in U
//	w_t, p_t     parameters and momentum of the recorded run before step t; w_T at
//	             its end
//	v_t          those of replayed retraining: the same start, order and rates
//	             without U
//	u            what a method returns
//	g_t          mean gradient over B_t at w_t
//	η, β, λ      learning rate, momentum, weight decay
//	time         learning time: Σ η/(1−β) over steps
//
// Of the contraction:
//
//	d, q         difference of the parameters and of the momenta
//	path         the points at which gradients are compared: the recorded run, or
//	             w_T alone
//	δ            disturbance: g_t less the mean gradient over B_t∖U
//	contrast     mean gradient of the smaller of U and the rest, less that of all
//	             data, over a whole epoch
//	knots        the epochs whose disturbances are computed; those of others are
//	             interpolated
//	tail         a last batch of an epoch that is smaller than the others
//	C(d)         curvature: about H d, with H the Hessian over retained examples
//
// Of the contraction at w_T:
//
//	z_i, J_i     logits of example i, and their Jacobian ∂z_i/∂w
//	α_i          logit gradients: the gradient of the loss in z_i, summed over the
//	             run in learning time, late steps more than early ones (recency)
//	D            the sum of all disturbances: Σ_U J_iᵀ α_i − Σ_R κ_y J_jᵀ α_j
//	κ_y          what U taught about a label over what the others taught about it
//	ν            variance of D by sampling, over ‖D‖²
//	K̄            kernel: mean ‖J_iᵀ c‖² over logit directions c of length 1
//	a_i          mean error: the mean probability over the run that an example did
//	             not give to its label
//	strength     how much of D is taken
//	ẑ, γ         logits that are distilled, those at w_T, and the stiffness with which
//	scale        exponent of 1 + κ by which the logits of U are larger than at w_T
//
// Of requests:
//
//	cost         gradient evaluations, as a share of replayed retraining's
//	route        the way that a method with several went
//	guard        a safeguard that changed what a method does
//
// Every number that was fitted is in package defaults.
package unlearning
