package history_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// noise returns n examples of 28 × 28 in ten classes.
func noise(n int) *data.Dataset {
	r := rand.New(rand.NewPCG(1, 1))
	ds := &data.Dataset{Name: "noise", Shape: []int{784}, Classes: 10, X: make([]float32, 784*n), Y: make([]int32, n)}
	for i := range ds.X {
		ds.X[i] = r.Float32()
	}
	for i := range ds.Y {
		ds.Y[i] = int32(r.IntN(10))
	}
	return ds
}

// timed measures the time in a hook.
type timed struct {
	nets.Hook
	spent *time.Duration
}

func (t timed) add(began time.Time) { *t.spent += time.Since(began) }

func (t timed) OnStart(s nets.Start) error { defer t.add(time.Now()); return t.Hook.OnStart(s) }
func (t timed) OnStep(s nets.Step) error   { defer t.add(time.Now()); return t.Hook.OnStep(s) }
func (t timed) OnEnd(r *nets.Run) error    { defer t.add(time.Now()); return t.Hook.OnEnd(r) }

// BenchmarkRecord is what recording adds to a training of mlp:784-200-10 on 20 000
// examples for 12 epochs, by policy, in memory and into a folder: the time in the
// recorder over the time of the rest, the median of some trainings.
func BenchmarkRecord(b *testing.B) {
	ds := noise(20000)
	cfg := nets.Config{Epochs: 12, Batch: 128, Momentum: 0.9, LR: nets.Cosine(0.05)}
	train := func(b *testing.B, hooks ...nets.Hook) (time.Duration, *nets.Run) {
		c := cfg
		c.Hooks = hooks
		began := time.Now()
		run, err := nets.Train(b.Context(), nets.MLP(784, 200, 10), ds, c)
		require.NoError(b, err)
		return time.Since(began), run
	}
	train(b)
	for _, p := range []history.Policy{history.LogitGradients(), history.At(0.8), history.Spaced(4), history.Halving(5), history.EveryEpochs(6), history.All()} {
		for _, where := range []string{"memory", "folder"} {
			b.Run(p.String()+"/"+where, func(b *testing.B) {
				var over []float64
				var size int64
				dirs := b.TempDir()
				for b.Loop() {
					rec := history.NewRecorder(p)
					if where == "folder" {
						rec = history.Create(p, filepath.Join(dirs, fmt.Sprint(len(over))))
					}
					var spent time.Duration
					all, _ := train(b, timed{rec, &spent})
					over = append(over, float64(spent)/float64(all-spent))
					size = rec.Record().Bytes()
				}
				slices.Sort(over)
				b.ReportMetric(100*over[len(over)/2], "%-more-time")
				b.ReportMetric(float64(size)/1e6, "MB")
			})
		}
	}
}

// BenchmarkFolder is how fast a record of gradients is written, and read and
// compared with its checksums.
func BenchmarkFolder(b *testing.B) {
	ds := noise(2000)
	arch := nets.MLP(784, 200, 10)
	dir := filepath.Join(b.TempDir(), "run")
	run, rec, err := history.Train(b.Context(), dir, history.All(), arch, ds, nets.Config{Epochs: 4, Batch: 64})
	require.NoError(b, err)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			_, err := history.Open(dir)
			require.NoError(b, err)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(rec.Bytes())
		for b.Loop() {
			for _, at := range rec.Checkpoints() {
				_, _, _, err := rec.Checkpoint(at)
				require.NoError(b, err)
			}
		}
	})
	b.Run("inspect", func(b *testing.B) {
		b.SetBytes(rec.Bytes())
		for b.Loop() {
			_, err := history.Inspect(dir)
			require.NoError(b, err)
		}
	})
	b.Run("steps", func(b *testing.B) {
		b.SetBytes(rec.Bytes())
		for b.Loop() {
			for _, err := range rec.Steps(run.Model, rate(run), 0, run.Steps) {
				require.NoError(b, err)
			}
		}
	})
}
