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

// TestInMemory: a record that was read from its folder is the one that would have
// been kept in memory, and needs the folder no more.
func TestInMemory(t *testing.T) {
	for _, p := range []history.Policy{history.All(), history.Spaced(3), history.LogitGradients(), history.Last(3).And(history.LogitGradients())} {
		dir := filepath.Join(t.TempDir(), "record")
		memory, disk := history.NewRecorder(p), history.Create(p, dir)
		run, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{
			Epochs: 5, Batch: 100, Momentum: 0.9, LR: nets.Cosine(0.1), Seed: 3, Hooks: []nets.Hook{memory, disk},
		})
		require.NoError(t, err)
		want, file := memory.Record(), disk.Record()
		require.NotEqual(t, want.Bytes(), file.Bytes())
		got, err := file.InMemory()
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(dir))
		require.Equal(t, want.Bytes(), got.Bytes(), p)
		require.NoError(t, got.Check(run))
		require.Equal(t, want.Checkpoints(), got.Checkpoints())
		for _, s := range want.Checkpoints() {
			w, _, read, err := want.Checkpoint(s)
			require.NoError(t, err)
			v, _, again, err := got.Checkpoint(s)
			require.NoError(t, err)
			require.Equal(t, w.Float32s(), v.Float32s())
			require.Equal(t, read, again)
		}
		if alpha, _, err := want.LogitGradients(); err == nil {
			beta, _, err := got.LogitGradients()
			require.NoError(t, err)
			require.Equal(t, alpha.Float32s(), beta.Float32s())
		} else {
			_, _, err := got.LogitGradients()
			require.ErrorIs(t, err, history.ErrNoLogitGradients)
		}
		_, err = file.InMemory()
		require.ErrorIs(t, err, os.ErrNotExist, "the folder is gone")
		same, err := got.InMemory()
		require.NoError(t, err)
		require.Same(t, got, same)
	}
}
