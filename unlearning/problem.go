package unlearning

import (
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Problem is one request to forget.
type Problem struct {
	// Run is the training run whose examples are to be forgotten. Its data must
	// not have been changed since.
	Run *nets.Run
	// Forget is U. The empty set returns the run's parameters unchanged, at
	// no cost, but for retraining with another seed, where it is an error; the
	// whole training set is ErrNothingLeft.
	Forget data.ForgetSet
	// Add are examples that the run has not seen, which a Learner learns as well, as if
	// each had joined a batch of the run in every epoch, see contraction.System.Add. They
	// are like the run's, with ids of their own. Nil, or none, for a request to forget alone;
	// methods that are no Learner refuse others with ErrAdd.
	Add *data.Dataset
	// History is the record of Run; methods that need none accept nil.
	History *history.Record
	// OtherEngine accepts a record that another engine made, of which
	// history.ErrEngine would be the error. Results are then close to those of
	// one engine for both, not equal.
	OtherEngine bool
	// Validation are examples that the run has not seen, which a method may ask the model
	// about, but not learn from: never test data. Nil where none are granted; methods that
	// need them say so.
	Validation *data.Dataset
	// Rewrite, if not nil, is shown the run without U by methods that follow the
	// recorded run, see Forget.
	Rewrite *history.Rewriter
}

// Errors that callers may branch on.
var (
	// ErrNothingLeft: U is the whole training set.
	ErrNothingLeft = errors.New("nothing is left to learn from")
	// ErrNoHistory: the method needs a record and the problem has none.
	ErrNoHistory = contraction.ErrNoRecord
	// ErrAdd: the problem has examples to add, and the method can only forget.
	ErrAdd = errors.New("the method forgets, and cannot learn added examples; recursion, retrain and deltagrad can")
	// ErrBudget: the method was allowed less work than one step takes.
	ErrBudget = errors.New("the budget is less than one step, give a larger cost or retrain")
)

// Learner is a Method that solves problems with examples to add, too.
type Learner interface {
	Method
	// Learns tells nothing but that.
	Learns()
}

// adds reports whether a problem has examples to add.
func (p Problem) adds() bool { return p.Add != nil && p.Add.Len() > 0 }

// DivergedError says that a method left the finite numbers.
type DivergedError struct {
	Method string
	Step   int
	Part   string // of the method, in which the first such number came; "" where that is not known
}

// Error implements error.
func (e *DivergedError) Error() string {
	where := ""
	if e.Part != "" {
		where = ", in " + e.Part
	}
	return fmt.Sprintf("unlearning: %s diverged at step %d%s; lower the learning rate or the strength, or give a recursion more curvature", e.Method, e.Step, where)
}
