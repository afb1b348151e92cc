package unlearning

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Next says what Forget makes of a request beside its result. The zero value keeps
// the record of the run without U in memory.
type Next struct {
	// Left is the data set without the examples of U, in their order; nil makes a
	// copy of the run's.
	Left *data.Dataset
	// Dir is a folder for the run without U and its record, new or empty.
	Dir string
	// Of says in the file of its parameters whose they are; "" means "forgotten".
	Of string
}

// Forget solves a problem by a method, checked as by Solve, and returns beside the
// result what the next request begins with: the run that never saw U, on the data
// that are left, ended with the parameters that the method has found; and its
// record, rewritten, see history.Rewriter. Of a method that follows the recorded
// run the record has the gradients along the run without U, of others the logit
// gradients. Set Forget, in terms of the data that are left, for the next request.
//
// Errors of the requests add up: each starts where the one before it has ended.
func Forget(ctx context.Context, m Method, p Problem, n Next) (*Result, Problem, error) {
	if err := p.Run.Validate(); err != nil {
		return nil, Problem{}, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	if p.Forget.Len() == 0 {
		return nil, Problem{}, fmt.Errorf("unlearning: %s: nothing is to be forgotten", m.Name())
	}
	if err := p.Forget.Validate(p.Run.Data.Len()); err != nil {
		return nil, Problem{}, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	if p.Forget.Len() == p.Run.Data.Len() {
		return nil, Problem{}, fmt.Errorf("unlearning: %s: %w", m.Name(), ErrNothingLeft)
	}
	if n.Left == nil {
		n.Left = p.Run.Data.Subset(p.Forget.Retained(p.Run.Data.Len()))
	}
	rw, err := history.NewRewriter(n.Dir, p.Run, p.History, p.Forget, n.Left)
	if err != nil {
		return nil, Problem{}, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	p.Rewrite = rw
	res, err := Solve(ctx, m, p)
	if err != nil {
		rw.Discard()
		return nil, Problem{}, err
	}
	next := Problem{OtherEngine: p.OtherEngine}
	next.Run, next.History, err = rw.Finish(res.Params, cmp.Or(n.Of, "forgotten"))
	if err != nil {
		return res, Problem{}, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	return res, next, nil
}

// errMomentum says that a path does not tell what a record needs.
var errMomentum = errors.New("the momentum of a recorded step is not known")

// rewriting shows the steps of a contraction to a Rewriter.
func rewriting(rw *history.Rewriter, m *nets.Model) func(contraction.Watched) error {
	var w, p, g *graph.Tensor
	return func(s contraction.Watched) error {
		if !rw.Wants(s.T) {
			return nil
		}
		if s.P == nil || s.G == nil {
			return errMomentum
		}
		if w == nil {
			w, p, g = m.NewVector(), m.NewVector(), m.NewVector()
		}
		vector.Combine(w, 1, s.W, 1, s.D)
		vector.Combine(p, 1, s.P, 1, s.Q)
		vector.Combine(g, 1, s.G, -1, s.Delta)
		vector.AddScaled(g, 1, s.H)
		return rw.Watch(s.T, w, p, g)
	}
}
