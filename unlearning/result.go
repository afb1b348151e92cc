package unlearning

import (
	"time"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Result is what a method found and what it cost.
type Result struct {
	Method string
	Params *graph.Tensor // [P]

	// GradEvals counts everything the request made the model compute, in
	// gradient evaluations; see nets.Model.GradEvals.
	GradEvals float64
	// BytesRead is the part of the history that was read.
	BytesRead int64
	// BytesKept is the size of the history; 0 if none was read.
	BytesKept int64
	// Elapsed is the time from the call on, the comparison of record and run
	// included.
	Elapsed time.Duration

	// Route is the way that a method with several went, and RouteReason why;
	// both are empty for a method with one.
	Route       Route
	RouteReason string
	// Guards counts how often a safeguard changed what the method does.
	Guards map[Guard]int
}

// Route is one of the ways of a method that has several, such as Mini.
type Route string

const (
	RouteRecursion Route = "recursion"             // the contraction along the recorded run
	RouteDistilled Route = "distilled contraction" // the contraction at w_T that the model's own answers define
	RouteShortRun  Route = "short run"             // training on the retained examples
)

// Guard is a safeguard: something that a method saw of a request and that made it
// do something else than it does for others.
type Guard string

const (
	GuardCoherent          Guard = "coherent"           // Mini trains, U having much in common
	GuardContrary          Guard = "contrary"           // Mini trains, U having taught against the rest
	GuardNoPair            Guard = "no pair yet"        // a step that L-BFGS took without curvature
	GuardPairRejected      Guard = "pair rejected"      // a pair that would have made L-BFGS indefinite
	GuardProductShortened  Guard = "product shortened"  // a product of L-BFGS beyond the trust region
	GuardNegativeCurvature Guard = "negative curvature" // an iteration of Newton that ended early
)
