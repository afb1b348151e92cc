// Package contraction follows the difference between two training runs: one that was
// recorded, and the one that it would have been without some of its examples.
//
// Both runs start at the same parameters and see the same batches at the same
// rates. Where a batch holds examples of the forget set U, the two gradients at the
// same point differ by a disturbance δ; where the runs have come apart by d, they
// differ by about H d, with H the Hessian of the loss. With q the difference of the
// momenta,
//
//	q ← β q + C(d) + λ d − δ,   d ← d − η q,
//
// and where C contracts, a disturbance is forgotten again. [Contraction.Solve] is
// that loop, and there is no other: every method that uses what a run left behind
// is a choice of its three parts.
//
//	part         says                                choices
//	Path         where gradients are compared,       Recorded, Fixed at w_T
//	             at which rates
//	Disturbance  how δ is found                      PerStep, Interpolated, Spread
//	Curvature    how C(d) is found                   None, Scalar, Exact, HVP, Sampled,
//	                                                 LBFGS, Distilled
//
// With Recorded, PerStep and Exact nothing is neglected, and the loop is replayed
// retraining up to rounding. With Fixed, Spread and Distilled it is a short run that
// takes a given sum of disturbances back while it keeps the logits of retained
// examples; [LogitSampling] estimates that sum from what a run keeps of each
// example. Distilled may shorten a step ([Shortener]). A part of another package implements the interface; [Linear] and
// [DisturbFunc] make one of a function.
//
// The loop takes the trainer's own step, nets.Stepper, with a disturbance: training
// is the contraction of no other run, around zero and without δ. What a path may
// meet is handled in one place. A batch that is wholly forgotten moves the recorded
// run only, so d takes the step back. Until U is met the two runs are one, and
// nothing is computed. Gaps of a record are crossed on straight lines ([Recorded]).
//
// A [System] holds what all parts work on, and counts what they cost. It knows
// nothing of methods and results; those are package unlearning's, which also has the
// glossary of the symbols.
package contraction
