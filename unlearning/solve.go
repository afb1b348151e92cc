package unlearning

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrResult is wrapped by Solve's error about a method that returned what cannot
// be a model: an error of the method, not of the problem.
var ErrResult = errors.New("the method returned no usable result")

// Solve solves a problem by a method and checks what the method returns:
// parameters of the model's number and type, all of them finite, and a cost and a
// guarantee that can be one. Errors name the method. Name and time are filled in where the method
// left them out.
func Solve(ctx context.Context, m Method, p Problem) (*Result, error) {
	began := time.Now()
	res, err := m.Unlearn(ctx, p)
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*Result, error) {
		return nil, fmt.Errorf("unlearning: %s: %w: %s", m.Name(), ErrResult, fmt.Sprintf(format, args...))
	}
	switch {
	case res == nil:
		return fail("it is nil, without an error")
	case res.Params == nil:
		return fail("it has no parameters")
	case p.Run == nil || p.Run.Model == nil:
		return fail("the problem has no run, and the method made a result of it")
	case res.Params.Len() != p.Run.Model.Size() || res.Params.DType() != p.Run.Model.DType():
		return fail("it has %d %s parameters, and %s has %d %s", res.Params.Len(), res.Params.DType(), p.Run.Model.Arch().Name, p.Run.Model.Size(), p.Run.Model.DType())
	case !res.Params.Finite():
		return fail("its parameters are not all finite")
	case !(res.GradEvals >= 0) || math.IsInf(res.GradEvals, 0) || res.BytesRead < 0 || res.BytesKept < 0: // NaN too
		return fail("it cost %g gradient evaluations, read %d bytes of a history of %d", res.GradEvals, res.BytesRead, res.BytesKept)
	case res.Guarantee != nil && !res.Guarantee.possible():
		return fail("its guarantee is ε = %g, δ = %g, by noise of %g for a sensitivity of %g", res.Guarantee.Epsilon, res.Guarantee.Delta, res.Guarantee.Sigma, res.Guarantee.Sensitivity)
	}
	checked := *res
	if checked.Method == "" {
		checked.Method = m.Name()
	}
	if checked.Elapsed <= 0 {
		checked.Elapsed = time.Since(began)
	}
	return &checked, nil
}
