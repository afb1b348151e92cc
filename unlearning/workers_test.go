package unlearning_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestWorkers: a recursion gives the same bits with one worker, which computes
// one thing after the other, and with several, which compute disturbances side
// by side and look ahead; with gaps in the record too.
func TestWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	sparse := contraction.Interpolated{Knots: 5, Tails: true}
	window := unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 3}, Window: contraction.Window{Last: 0.71}}
	sampled := unlearning.Recursion{Disturbance: sparse, Curvature: contraction.Sampled{Share: 0.2}}
	for _, tc := range []struct {
		keep history.Policy
		m    unlearning.Recursion
	}{
		{history.All(), sampled},
		{history.All(), unlearning.Recursion{Disturbance: sparse}},
		{history.All(), window},
		{history.EveryEpochs(4), sampled},
	} {
		want := map[float64]*unlearning.Result{}
		for _, workers := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(workers)
			p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{
				Epochs: 20, Batch: 300, LR: nets.ConstantRate(0.1), WeightDecay: 0.005, Seed: 1, Engine: graph.NewWalker(workers),
			}, tc.keep)
			for _, share := range []float64{0.2, 0.7} {
				p.Forget = data.RandomForget(p.Run.Data, share, 3)
				got, err := tc.m.Unlearn(t.Context(), p)
				require.NoError(t, err)
				if workers == 1 {
					want[share] = got
					continue
				}
				require.True(t, slices.Equal(want[share].Params.Float32s(), got.Params.Float32s()), "%v %v: %d workers", tc.keep, tc.m, workers)
				require.Equal(t, want[share].GradEvals, got.GradEvals)
				require.Equal(t, want[share].BytesRead, got.BytesRead)
			}
		}
	}
}

// TestNothingStays: a request that fails leaves no goroutine behind, and one
// that is cancelled says so.
func TestNothingStays(t *testing.T) {
	p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{
		Epochs: 40, Batch: 300, LR: nets.ConstantRate(0.3), Seed: 1, Engine: graph.NewWalker(3),
	}, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.3, 3)
	sparse := contraction.Interpolated{Knots: 4, Tails: true}
	before := runtime.NumGoroutine()
	var diverged *unlearning.DivergedError
	_, err := unlearning.Recursion{Disturbance: sparse, Curvature: contraction.Scalar{Value: 1e9}}.Unlearn(t.Context(), p)
	require.ErrorAs(t, err, &diverged)
	for _, after := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		_, err = unlearning.Recursion{Disturbance: sparse}.Unlearn(ctx, p)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	for wait := 0; runtime.NumGoroutine() > before && wait < 1000; wait++ {
		time.Sleep(time.Millisecond) // those that are done may not have left yet
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
