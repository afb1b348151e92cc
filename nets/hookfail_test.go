package nets_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
)

// failing is a hook that fails at a step: −1 is its start, the number of steps its
// end.
type failing struct {
	at, steps int
	ended     bool
	stopped   int
}

var errDisk = errors.New("the disk is full")

func (f *failing) fail(t int) error {
	if t == f.at {
		return errDisk
	}
	return nil
}

func (f *failing) OnStart(s nets.Start) error { f.steps = s.Steps; return f.fail(-1) }
func (f *failing) OnStep(s nets.Step) error   { return f.fail(s.T) }
func (f *failing) OnEnd(*nets.Run) error      { f.ended = true; return f.fail(f.steps) }
func (f *failing) OnStop()                    { f.stopped++ }

// TestHookFails: at the last step or after it the run is finished, and comes with
// the error; the other hooks see its end. Before, there is no run. Whatever
// happens, hooks are told that it is over.
func TestHookFails(t *testing.T) {
	want, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Epochs: 2, Batch: 3, Momentum: 0.9})
	require.NoError(t, err)
	require.Equal(t, 6, want.Steps)
	for at := -1; at <= want.Steps; at++ {
		bad, good := &failing{at: at}, &failing{at: -2}
		run, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Epochs: 2, Batch: 3, Momentum: 0.9, Hooks: []nets.Hook{bad, good}})
		require.ErrorIs(t, err, errDisk, at)
		var h *nets.HookError
		require.ErrorAs(t, err, &h)
		require.Equal(t, at, h.Step)
		require.Equal(t, 1, bad.stopped, at)
		if at < want.Steps-1 {
			require.Nil(t, run, at)
			require.False(t, good.ended || bad.ended, at)
		} else {
			require.NotNil(t, run, at)
			require.NoError(t, run.Validate())
			require.Equal(t, want.Params.Float32s(), run.Params.Float32s(), at)
			require.Equal(t, want.Momentum.Float32s(), run.Momentum.Float32s(), at)
			require.True(t, good.ended, at)
			require.Equal(t, at == want.Steps, bad.ended, "an end is not shown to a hook that has failed")
		}
		if at >= 0 {
			require.Equal(t, 1, good.stopped, at)
		}
	}
	// Two failures are both told.
	_, err = nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Hooks: []nets.Hook{&failing{at: 0}, &failing{at: 1}}})
	require.ErrorContains(t, err, "step 0")
	require.ErrorContains(t, err, "step 1")
}

// TestManyKeepsRun: the finished run of a job whose hook fails comes with the error.
func TestManyKeepsRun(t *testing.T) {
	jobs := []nets.Job{{Arch: nets.MLP(3, 4, 2), Data: tiny(), Config: nets.Config{Hooks: []nets.Hook{&failing{at: 1}}}}}
	for run, err := range nets.TrainMany(t.Context(), jobs, 1) {
		require.ErrorIs(t, err, errDisk)
		require.NoError(t, run.Validate())
	}
}
