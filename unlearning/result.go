package unlearning

import (
	"time"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
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
	RouteDistilled Route = "distilled contraction" // the contraction at w_T, distilled from the model's own logits
	RouteShortRun  Route = "short run"             // training on the retained examples
)

// Guard is a safeguard: something that a method saw of a request and that made it
// do something else than it does for others. Package contraction has those of its
// parts, baselines those of its methods.
type Guard = contraction.Guard

const (
	GuardClassLike   Guard = "class-like"  // Mini trains, since U has much in common; "coherent" in older files
	GuardConflicting Guard = "conflicting" // Mini trains, since U taught against the rest; "contrary" in older files
)
