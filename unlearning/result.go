package unlearning

import (
	"math"
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
	// TuningEvals is what choosing the method's hyperparameters took, all trials and
	// their evaluation, in gradient evaluations; 0 where nothing was chosen. It is not in
	// GradEvals.
	TuningEvals float64
	// Guards counts how often a safeguard changed what the method does.
	Guards map[Guard]int
	// Guarantee is the (ε, δ) guarantee that a method gives by its noise; nil for one
	// that gives none.
	Guarantee *Guarantee
}

// Guarantee says that the method's result is (ε, δ)-indistinguishable from what the
// method would give where the examples to forget had never been there: for every set
// of parameters, the probability of it in the one case is at most e^ε times that in
// the other, plus δ, both ways.
type Guarantee struct {
	Epsilon float64 `json:"epsilon"`
	Delta   float64 `json:"delta"`
	// Sensitivity is how far apart the two could be without noise, and Sigma the
	// standard deviation of the noise in every parameter that hides it.
	Sensitivity float64 `json:"sensitivity"`
	Sigma       float64 `json:"sigma"`
	// By names the theorem, and Assumes what it takes for given.
	By      string   `json:"by"`
	Assumes []string `json:"assumes"`
}

// possible reports whether the numbers can be those of a guarantee.
func (g Guarantee) possible() bool {
	for _, v := range []float64{g.Epsilon, g.Delta, g.Sensitivity, g.Sigma} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return false
		}
	}
	return g.Delta < 1
}

// Route is one of the ways of a method that has several, such as Mini.
type Route string

const (
	RouteRecursion Route = "recursion"             // the contraction along the recorded run
	RouteDistilled Route = "distilled contraction" // the contraction at w_T, distilled from the model's own logits
	RouteRestart   Route = "restart"               // training on the retained examples from between w_T and w_0
	RouteRetrain   Route = "retraining"            // replayed retraining
	RouteNothing   Route = "nothing"               // the run's own parameters: there was nothing to take back
)

// Guard is a safeguard: something that a method saw of a request and that made it
// do something else than it does for others. Package contraction has those of its
// parts, baselines those of its methods.
type Guard = contraction.Guard

const (
	GuardClassLike   Guard = "class-like"        // Mini restarts, since U holds most of a class; "coherent" in older files
	GuardConflicting Guard = "conflicting"       // Mini restarts, since U holds far more than its share of what was taught; "contrary" in older files
	GuardShortened   Guard = "shortened"         // half of the way was taken, since retained examples lost too much on the whole of it
	GuardNotScaled   Guard = "logits not scaled" // the model's last layer is not linear in its own parameters
	GuardNotLowered  Guard = "label not lowered" // a label that only U has is as probable on U as the training left it
)
