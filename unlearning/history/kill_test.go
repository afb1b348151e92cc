package history_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// trainInto makes the test binary a process that trains into a folder.
const trainInto = "HISTORY_TEST_TRAIN_INTO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(trainInto); dir != "" {
		if _, _, err := trainLong(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// trainLong is a run of some seconds that saves often.
func trainLong(dir string) (*nets.Run, *history.Record, error) {
	defer history.SaveEvery(60)()
	cfg := nets.Config{Epochs: 30, Batch: 20, Momentum: 0.9, WeightDecay: 1e-3, LR: nets.Cosine(0.05), Seed: 3}
	return history.Train(ctx, dir, history.EveryEpochs(4).And(history.LogitGradients()), nets.MLP(64, 16, 10), data.Digits().Train, cfg)
}

// TestKills: a training that is killed at random points, without any warning, leaves
// a folder in which every file is whole, and goes on to the same bytes.
func TestKills(t *testing.T) {
	kills := 6
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		kills = 60
	}
	whole := filepath.Join(t.TempDir(), "whole")
	began := time.Now()
	_, _, err := trainLong(whole)
	require.NoError(t, err)
	took := time.Since(began)
	want := contents(t, whole)

	r := rand.New(rand.NewPCG(1, 2))
	dir := filepath.Join(t.TempDir(), "broken")
	killed, finished := 0, 0
	for killed < kills {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), trainInto+"="+dir)
		require.NoError(t, child.Start())
		done := make(chan error, 1)
		go func() { done <- child.Wait() }()
		select {
		case err := <-done:
			_, _, again := trainLong(dir) // which removes what a kill at the very end has left
			require.NoError(t, again)
			require.NoError(t, err)
			require.Equal(t, want, contents(t, dir))
			require.NoError(t, os.RemoveAll(dir))
			finished++
		case <-time.After(time.Duration(r.Float64() * 0.7 * float64(took))):
			require.NoError(t, child.Process.Kill())
			<-done
			killed++
			if _, err := os.Stat(filepath.Join(dir, "run.json")); err == nil {
				_, err = history.Inspect(dir)
				require.NoError(t, err, "after kill %d", killed)
			}
		}
	}
	_, rec, err := trainLong(dir)
	require.NoError(t, err)
	require.NotNil(t, rec)
	require.Equal(t, want, contents(t, dir))
	t.Logf("%d kills, %d runs finished in between", killed, finished)
}
