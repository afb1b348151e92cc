package unlearning

import (
	"context"
	"errors"
)

// ErrEnsemble: a method's answer is several models, and has no one vector of parameters.
var ErrEnsemble = errors.New("its answer is several models, which sweeps measure and nothing else can serve; ask it for its Ensemble")

// Ensemble is several models that answer together.
type Ensemble interface {
	// Logits returns those of n examples, [n, Classes], row-major.
	Logits(ctx context.Context, x []float32, n int) ([]float64, error)
}

// Ensembler is a Method that has trained models of its own in place of the run, and
// answers with them. Its Unlearn ends with ErrEnsemble.
type Ensembler interface {
	Method
	// Ensemble trains the models by what the run was trained by, and forgets. The result
	// has no parameters; TrainEvals is what training took.
	Ensemble(ctx context.Context, p Problem) (e Ensemble, res *Result, trainEvals float64, err error)
}
