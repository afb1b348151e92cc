package nets_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

func jobs(n int) []nets.Job {
	ds := data.Digits().Train
	jobs := make([]nets.Job, n)
	for i := range jobs {
		jobs[i] = nets.Job{Arch: nets.MLP(64, 16+i%3, 10), Data: ds, Config: nets.Config{Epochs: 1 + i%2, Momentum: 0.9, Seed: uint64(i)}}
	}
	return jobs
}

func TestTrainManyIsOneByOne(t *testing.T) {
	js := jobs(9)
	want := make([]*nets.Run, len(js))
	for i, j := range js {
		run, err := nets.Train(t.Context(), j.Arch, j.Data, j.Config)
		require.NoError(t, err)
		want[i] = run
	}
	for _, workers := range []int{0, 1, 3, 20} {
		i := 0
		for run, err := range nets.TrainMany(t.Context(), js, workers) {
			require.NoError(t, err)
			require.Equal(t, want[i].Params.Float32s(), run.Params.Float32s(), "job %d of %d workers", i, workers)
			require.Equal(t, want[i].Losses, run.Losses)
			require.Equal(t, want[i].GradEvals, run.GradEvals)
			acc, err := run.Classifier().Accuracy(t.Context(), js[i].Data)
			require.NoError(t, err)
			require.Greater(t, acc, 20.0)
			i++
		}
		require.Equal(t, len(js), i)
	}
	for range nets.TrainMany(t.Context(), nil, 0) {
		t.Fatal("a run of no job")
	}
}

// TestTrainManyFails: the runs before the first job that fails come, then its
// error, and nothing goes on.
func TestTrainManyFails(t *testing.T) {
	enough := errors.New("enough")
	for _, workers := range []int{1, 2, 5} {
		before := runtime.NumGoroutine()
		js := jobs(30)
		fail := nets.StepFunc(func(nets.Step) error { return enough })
		js[4].Config.Hooks = []nets.Hook{fail}
		js[6].Config.Hooks = []nets.Hook{fail}
		var late atomic.Bool
		js[29].Config.Hooks = []nets.Hook{nets.StepFunc(func(nets.Step) error { late.Store(true); return nil })}
		good, bad := 0, error(nil)
		for run, err := range nets.TrainMany(t.Context(), js, workers) {
			require.NoError(t, bad, "something after the error")
			if bad = err; err == nil {
				require.NotNil(t, run)
				good++
			}
		}
		require.Equal(t, 4, good)
		require.ErrorIs(t, bad, enough)
		require.ErrorContains(t, bad, "job 4, mlp:64-17-10 of seed 4")
		require.False(t, late.Load(), "the last job was begun")
		settled(t, before)
	}

	js := jobs(2)
	js[1].Config.Engine = graph.Tape{}
	var last error
	for _, err := range nets.TrainMany(t.Context(), js, 2) {
		last = err
	}
	require.ErrorContains(t, last, "job 1")
	require.ErrorContains(t, last, "a graph.Sharer")
}

func TestTrainManyStops(t *testing.T) {
	before := runtime.NumGoroutine()
	for run, err := range nets.TrainMany(t.Context(), jobs(20), 2) {
		require.NoError(t, err)
		require.NotNil(t, run)
		break
	}
	settled(t, before)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range nets.TrainMany(ctx, jobs(20), 2) {
		if n++; n == 3 {
			cancel()
		}
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
	require.Less(t, n, 20)
	settled(t, before)
}

// TestTrainManyIsBounded: a slow reader holds the trainers back.
func TestTrainManyIsBounded(t *testing.T) {
	js := jobs(20)
	var begun atomic.Int64
	for i := range js {
		js[i].Config.Steps = 1
		js[i].Config.Hooks = []nets.Hook{nets.StepFunc(func(nets.Step) error { begun.Add(1); return nil })}
	}
	read := 0
	for _, err := range nets.TrainMany(t.Context(), js, 2) {
		require.NoError(t, err)
		read++
		time.Sleep(3 * time.Millisecond)
		require.LessOrEqual(t, int(begun.Load()), read-1+2*2)
	}
	require.Equal(t, 20, read)
}

// settled waits until no more goroutines are left than there were; those of
// pools end with the garbage.
func settled(t *testing.T, want int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > want {
		require.True(t, time.Now().Before(deadline), "%d goroutines, there were %d", runtime.NumGoroutine(), want)
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func BenchmarkTrainMany(b *testing.B) {
	mnist := noise(2560, 1, 28, 28)
	for _, c := range []struct {
		name string
		arch nets.Arch
		data *data.Dataset
		cfg  nets.Config
	}{
		{"mlp", nets.MLP(784, 256, 128, 10), mnist, nets.Config{Epochs: 4, Batch: 128}},
		{"lenet5", nets.LeNet5(10), mnist, nets.Config{Batch: 128}},
		{"resnet8", nets.ResNet(8, 10), noise(256, 3, 32, 32), nets.Config{Batch: 128}},
	} {
		js := make([]nets.Job, 8)
		for i := range js {
			cfg := c.cfg
			cfg.Momentum, cfg.Seed, cfg.LR = 0.9, uint64(i), nets.ConstantRate(0.01)
			js[i] = nets.Job{Arch: c.arch, Data: c.data, Config: cfg}
		}
		examples := float64(len(js) * max(1, c.cfg.Epochs) * c.data.Len())
		rate := func(b *testing.B) { b.ReportMetric(examples*float64(b.N)/b.Elapsed().Seconds(), "examples/s") }
		for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(c.name+map[bool]string{true: "/one-worker", false: "/all-cores"}[workers == 1], func(b *testing.B) {
				for b.Loop() {
					for _, err := range nets.TrainMany(b.Context(), js, workers) {
						require.NoError(b, err)
					}
				}
				rate(b)
			})
		}
		b.Run(c.name+"/one-by-one-on-all-cores", func(b *testing.B) {
			for b.Loop() {
				for _, j := range js {
					_, err := nets.Train(b.Context(), j.Arch, j.Data, j.Config)
					require.NoError(b, err)
				}
			}
			rate(b)
		})
	}
}
