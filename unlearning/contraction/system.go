package contraction

import (
	"math/rand/v2"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// System is a training run, the set of examples to forget, and what the run left:
// all that the parts of a contraction work on. It is for one goroutine.
type System struct {
	Run    *nets.Run
	Forget data.ForgetSet  // U, neither empty nor all
	Record *history.Record // what was kept of the run; nil if nothing was
	// Model computes, and counts what that costs: a clone of the run's.
	Model *nets.Model
	// Retain lists the examples that are not in U, ascending.
	Retain []int
	// Guards counts how often a safeguard changed what a part does.
	Guards map[Guard]int
	// BytesRead is the part of the record that was read.
	BytesRead int64
	// Watch, if not nil, sees every step of a contraction along the recorded run of
	// which something is retained; an error ends it. Tensors are valid during the call.
	Watch func(Watched) error

	batches *batches
	added   int // examples that the run has not seen, see Add
}

// Guard is a safeguard: something that a part or a method met and that made it do
// something else than it does otherwise.
type Guard string

// Guards of this package's parts.
const (
	GuardNoPair           Guard = "no pair yet"       // a step that L-BFGS took without curvature
	GuardPairRejected     Guard = "pair rejected"     // a pair that would have made L-BFGS indefinite
	GuardProductShortened Guard = "product shortened" // a product of L-BFGS beyond the trust region
	GuardStepShortened    Guard = "step shortened"    // a product with a sample that was too steep for the learning rate, or too much chance
	GuardAstray           Guard = "gone astray"       // a difference that was longer than where nothing resists, see Reacher
)

// NewSystem returns the system of a finished run on a whole data set, of which
// forget selects some examples and not all. The record is the run's, or nil.
func NewSystem(run *nets.Run, forget data.ForgetSet, record *history.Record) *System {
	return &System{
		Run: run, Forget: forget, Record: record, Model: run.Model.Clone(), Retain: forget.Retained(run.Data.Len()),
		Guards: map[Guard]int{}, batches: newBatches(run.Order, forget),
	}
}

// Rate returns the learning rate of step t of the run.
func (s *System) Rate(t int) float64 { return s.Run.Config.LR.Rate(t, s.Run.Steps) }

// Kappa is κ, by how much a retained example weighs more in retraining: |U| over
// the number of the others, of those that the run has visited.
func (s *System) Kappa() float64 {
	u, n := s.Forget.Len(), s.Run.Order.Len()
	if s.Run.Steps < s.Run.Order.StepsPerEpoch() {
		seen := s.Run.Order.Epoch(0)[:s.Run.Order.Cuts(0)[s.Run.Steps]]
		u, n = s.Forget.Count(seen), len(seen)
	}
	return float64(u) / float64(max(n-u, 1))
}

// LearningTime is Σ η_t/(1−β) over the run: by how much it moved along a gradient
// that never changed.
func (s *System) LearningTime() float64 {
	return nets.LearningTime(s.Run.Config.LR, 0, s.Run.Steps) / (1 - s.Run.Config.Momentum)
}

// Rand returns the generator for one use: a stream of the run's seed, and of how many
// examples requests before this one have forgotten. A request that drew the same
// examples as the last would add to its errors, where others even them out.
// Draws of different numbers are independent. A part in another module names its use by a
// number from 1000 up, such as Rand(1000, 0).
func (s *System) Rand(use purpose.Use, draw uint64) *rand.Rand {
	return purpose.Rand(purpose.Seed(s.Run.Config.Seed, use, draw), use, uint64(s.Run.Order.Holes.Len()))
}

// LastView is how the last step of the run saw its examples.
func (s *System) LastView() nets.View { return s.Run.View(s.Run.Steps - 1) }

// RetrainCost is what replayed retraining takes, in gradient evaluations:
// Σ_t |B_t∖U|, and those that are added.
func (s *System) RetrainCost() float64 {
	return RetrainCost(s.Run, s.Forget) + s.batches.joins.cost(s.Run)
}

// RetrainCost is what replayed retraining of a run without a forget set takes, in
// gradient evaluations: Σ_t |B_t∖U|.
func RetrainCost(run *nets.Run, forget data.ForgetSet) float64 {
	order := run.Order
	per := order.StepsPerEpoch()
	whole := run.Steps / per // epochs, each of which meets every example once
	cost := whole * (order.Len() - forget.Len())
	for _, batch := range order.Steps(whole*per, run.Steps) {
		cost += len(batch) - forget.Count(batch)
	}
	return float64(cost)
}

// LogitGradients reads the record's, [n, Classes].
func (s *System) LogitGradients() (*graph.Tensor, error) {
	alpha, read, err := s.Record.LogitGradients()
	s.BytesRead += read
	return alpha, err
}

// State returns parameters and momentum before the first step from t on of
// which the record gives them: t itself if its gradient is recorded, else the
// next checkpoint. A *history.GapError says that there is none.
func (s *System) State(t int) (at int, w, mom *graph.Tensor, err error) {
	if s.recorded(t, t+1) {
		for step, err := range s.Record.Steps(s.Model, s.Rate, t, t+1) {
			if err != nil {
				return 0, nil, nil, err
			}
			s.BytesRead += step.BytesRead
			return t, step.W.Clone(), step.P.Clone(), nil
		}
	}
	for _, at := range s.Record.Checkpoints() {
		if at >= t {
			w, mom, read, err := s.Record.Checkpoint(at)
			s.BytesRead += read
			return at, w, mom, err
		}
	}
	return 0, nil, nil, s.Gap(t, t)
}

// recorded reports whether the gradients of the steps from … to−1 are.
func (s *System) recorded(from, to int) bool {
	return slices.ContainsFunc(s.Record.Covered(), func(c [2]int) bool { return c[0] <= from && to <= c[1] })
}

// Gap says that the gradients of the steps from … to−1 are not all recorded.
func (s *System) Gap(from, to int) error {
	return &history.GapError{From: from, To: to, Policy: s.Record.Policy()}
}

// reader returns a system whose walks through the record count no bytes with s's,
// since what they read is read again, and which may be of another goroutine.
func (s *System) reader() *System {
	r := *s
	r.batches = s.batches.clone()
	return &r
}
