package history_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestParsePolicy: every notation comes back as the same policy.
func TestParsePolicy(t *testing.T) {
	for _, p := range []history.Policy{
		{}, history.All(), history.Last(7), history.EveryEpochs(2), history.Spaced(3), history.Halving(4), history.At(0.25, 0.1),
		history.LogitGradients(), history.Last(3).And(history.At(0.5)).And(history.LogitGradients()),
	} {
		got, err := history.ParsePolicy(p.String())
		require.NoError(t, err)
		require.Equal(t, p.String(), got.String())
		dir := filepath.Join(t.TempDir(), "run") // and keeps the same
		_, want, err := history.Train(t.Context(), dir, p, nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 3, Batch: 100})
		require.NoError(t, err)
		_, same, err := history.Train(t.Context(), dir, got, nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 3, Batch: 100})
		require.NoError(t, err)
		require.Equal(t, want.Checkpoints(), same.Checkpoints())
		d, err := history.Describe(dir)
		require.NoError(t, err)
		require.Equal(t, p.String(), d.Policy)

		require.NoError(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o600))
		require.NoError(t, history.Remove(dir))
		require.NoError(t, history.Remove(dir), "again")
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 2, "the lock, and what is somebody else's")
	}
	require.NoError(t, history.Remove(filepath.Join(t.TempDir(), "missing")))
	for _, bad := range []string{"", "all+", "last", "last:0", "last:x", "at:1", "at:", "epochs:-1", "every:3", "logit-gradients:1"} {
		_, err := history.ParsePolicy(bad)
		require.ErrorContains(t, err, "of the policy", bad)
	}
}
