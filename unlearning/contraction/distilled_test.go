package contraction_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// unbounded is Distilled, with batches from the front of the retained examples and
// products that nothing shortens.
type unbounded struct{ contraction.Distilled }

func (c unbounded) Start(s *contraction.System, _ *contraction.Way) (contraction.Product, error) {
	w, k, u := s.Run.Params, s.Model.Arch().Classes, s.Model.NewVector()
	return contraction.Linear(func(pt contraction.Point, d, _, h *graph.Tensor) error {
		at := pt.T * c.Batch % (len(s.Retain) - c.Batch)
		ids := s.Retain[at : at+c.Batch]
		z := make([]float64, k*len(ids))
		if err := s.Model.LogitsAs(pt.View, w, s.Run.Data, ids, z); err != nil {
			return err
		}
		vector.Combine(u, 1, w, 1, d)
		_, err := s.Model.DistilGradient(pt.View, u, s.Run.Data, ids, z, c.Stiffness, h)
		return err
	}), nil
}

// unreached is a disturbance that does not bound d.
type unreached struct{ contraction.Disturbance }

func (u unreached) Start(ctx context.Context, s *contraction.System, w *contraction.Way) (contraction.Disturber, error) {
	d, err := u.Disturbance.Start(ctx, s, w)
	return struct{ contraction.Disturber }{d}, err
}

// TestDistilledBounds: steps that every batch bears are taken as they are; of larger ones some
// are shortened, and what was moved does not come as far as it does without bounds.
func TestDistilledBounds(t *testing.T) {
	run := testruns.Digits(t, graph.Float64, history.LogitGradients())
	forget := data.RandomForget(run.Run.Data, 0.2, 1)
	apart := func(lr float64, c contraction.Curvature) (left float64, shortened int) {
		s := contraction.NewSystem(run.Run, forget, run.History)
		sum := s.Model.NewVector()
		vector.Combine(sum, 1, s.Run.Initial, -1, s.Run.Params)
		u, err := contraction.Contraction{
			Path:        contraction.Fixed{Steps: 200, Momentum: 0.9, LR: nets.CosineRate{Peak: lr, Warmup: 0.1}},
			Disturbance: unreached{contraction.Spread{Sum: sum, Strength: 0.2, First: 0.3}},
			Curvature:   c,
		}.Solve(t.Context(), s)
		require.NoError(t, err)
		z := make([]float64, s.Model.Arch().Classes*len(s.Retain))
		require.NoError(t, s.Model.LogitsAs(s.LastView(), s.Run.Params, s.Run.Data, s.Retain, z))
		left, err = s.Model.DistilGradient(s.LastView(), u, s.Run.Data, s.Retain, z, 0.1, sum)
		require.NoError(t, err)
		return left, s.Guards[contraction.GuardStepShortened]
	}
	c := contraction.Distilled{Batch: 16, Stiffness: 0.1}
	for _, lr := range []float64{0.01, 0.1} {
		left, shortened := apart(lr, c)
		free, _ := apart(lr, unbounded{c})
		require.Zero(t, shortened)
		require.InEpsilon(t, free, left, 0.1)
	}
	left, shortened := apart(0.8, c)
	free, _ := apart(0.8, unbounded{c})
	require.Greater(t, shortened, 10)
	require.Less(t, left, free/2)
}
