package history_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// contents are the checksums of all files of a folder, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		// The manifest tells of interruptions, and the lock's file who was killed.
		if name := e.Name(); name != "manifest.jsonl" && name != folderlock.Name {
			sum := sha256.Sum256(raw)
			files[name] = fmt.Sprintf("%d bytes, %x", len(raw), sum[:4])
		}
	}
	return files
}

// ctx is of what runs in a process of its own, too.
var ctx = context.Background()

var errStop = errors.New("stop")

// stopAt is a hook that stops a run before step t, or the first after it that has a
// batch, is taken.
func stopAt(t int) nets.Hook {
	return nets.StepFunc(func(s nets.Step) error {
		if s.T >= t {
			return errStop
		}
		return nil
	})
}

// TestTrainResumes: a run that is interrupted again and again, at any step, ends in
// the same bytes as one that is not: of parameters, momentum and every file of the
// record. No more steps are taken twice than a segment, or the time between two
// states, has.
func TestTrainResumes(t *testing.T) {
	ds := data.Digits().Train
	base := nets.Config{Epochs: 5, Batch: 100, Momentum: 0.9, WeightDecay: 1e-3, LR: nets.Cosine(0.1), Seed: 3}
	from, err := nets.NewModel(nets.MLP(64, 8, 10), nil, graph.Float32)
	require.NoError(t, err)
	gone := data.RandomForget(ds, 0.7, 1)
	small := base
	small.Batch, small.Epochs = 2, 1 // many of its batches are wholly forgotten
	holes := data.Order{Seed: 3, N: ds.Len(), Batch: 2}.Without(gone).Holes
	left := ds.Subset(gone.Retained(ds.Len()))
	for _, tc := range []struct {
		policy history.Policy
		cfg    func(*nets.Config)
		stops  []int
		again  int // steps that may be taken twice at a stop
	}{
		{history.All(), nil, []int{1, 20, 63, 63}, 64},
		{history.All().And(history.LogitGradients()), nil, []int{30, 63}, 64},
		{history.LogitGradients(), nil, []int{0, 1, 9, 10, 11, 40, 63}, 10},
		{history.EveryEpochs(2), nil, []int{5, 13, 14, 27, 45, 63}, 13},
		{history.Spaced(4), nil, []int{13, 14, 26, 60}, 13},
		{history.At(0.2, 0.5).And(history.Last(10)).And(history.LogitGradients()), nil, []int{12, 33, 34, 56, 62}, 20},
		{history.Policy{}, nil, []int{33, 61}, 10},
		{history.Spaced(2), func(c *nets.Config) { c.From = from.Init(77) }, []int{30}, 30},
		{history.Last(15), func(c *nets.Config) { c.Steps = 31 }, []int{8, 20, 29}, 19},
		{history.All(), func(c *nets.Config) { *c, c.Holes = small, holes }, []int{100, 333, 334, 335, 336, 600}, 64},
		{history.EveryEpochs(1).And(history.LogitGradients()), func(c *nets.Config) { *c, c.Holes = small, holes }, []int{100, 350}, 350},
	} {
		t.Run(fmt.Sprintf("%s,%v", tc.policy, tc.stops), func(t *testing.T) {
			cfg, ds := base, ds
			if tc.cfg != nil {
				if tc.cfg(&cfg); cfg.Holes != (data.Holes{}) {
					ds = left
				}
			}
			whole, broken := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "broken")
			defer history.SaveEvery(10)()
			arch := nets.MLP(64, 8, 10)
			want, rec, err := history.Train(ctx, whole, tc.policy, arch, ds, cfg)
			require.NoError(t, err)
			require.NoError(t, want.Validate())
			require.NoError(t, rec.Check(want))
			for _, stop := range tc.stops {
				first := -1
				c := cfg
				c.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error {
					if first < 0 {
						first = s.T
					}
					return nil
				}), stopAt(stop)}
				_, _, err := history.Train(ctx, broken, tc.policy, arch, ds, c)
				require.ErrorIs(t, err, errStop)
				_, err = history.Open(broken)
				require.ErrorIs(t, err, history.ErrInterrupted)
				report, err := history.Inspect(broken)
				require.NoError(t, err)
				require.False(t, report.Complete)
			}
			last := tc.stops[len(tc.stops)-1]
			first := -1
			c := cfg
			c.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error {
				if first < 0 {
					first = s.T
				}
				return nil
			})}
			got, rec, err := history.Train(ctx, broken, tc.policy, arch, ds, c)
			require.NoError(t, err)
			require.GreaterOrEqual(t, first, last-tc.again, "steps taken twice")
			require.NoError(t, rec.Check(got))
			require.Equal(t, want.Losses, got.Losses)
			require.Equal(t, want.GradEvals, got.GradEvals)
			require.Equal(t, contents(t, whole), contents(t, broken))

			// Opened, by Train again or in another process, it is the same run.
			for _, open := range []func() (*nets.Run, *history.Record, error){
				func() (*nets.Run, *history.Record, error) {
					return history.Train(ctx, broken, tc.policy, arch, ds, cfg)
				},
				func() (*nets.Run, *history.Record, error) {
					return history.OpenRun(broken, arch, ds, history.RunOptions{})
				},
			} {
				run, rec, err := open()
				require.NoError(t, err)
				require.NoError(t, rec.Check(run))
				require.Equal(t, want.Params.Float32s(), run.Params.Float32s())
				require.Equal(t, want.Momentum.Float32s(), run.Momentum.Float32s())
				require.Equal(t, want.Initial.Float32s(), run.Initial.Float32s())
				require.Equal(t, want.Losses, run.Losses)
				require.Equal(t, want.Order, run.Order)
				full := cfg.WithDefaults()
				full.Engine, full.DType = run.Config.Engine, run.Config.DType
				require.Equal(t, full, run.Config)
			}
		})
	}
}

// TestTrainRefuses: a folder of another run, or a damaged one, is left as it is.
func TestTrainRefuses(t *testing.T) {
	ds, arch := data.Digits().Train, nets.MLP(64, 8, 10)
	cfg := nets.Config{Epochs: 2, Batch: 100}
	for _, interrupted := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "run")
		c := cfg
		if interrupted {
			c.Hooks = []nets.Hook{stopAt(14)}
		}
		_, _, err := history.Train(t.Context(), dir, history.EveryEpochs(1), arch, ds, c)
		require.Equal(t, interrupted, errors.Is(err, errStop))
		before := contents(t, dir)
		other := *ds
		other.Y = append([]int32{(ds.Y[0] + 1) % 10}, ds.Y[1:]...)
		change := func(f func(*nets.Config)) nets.Config { c := cfg; f(&c); return c }
		for want, train := range map[string]func() error{
			"policy epochs:1, not all": func() error {
				_, _, err := history.Train(t.Context(), dir, history.All(), arch, ds, cfg)
				return err
			},
			"checksum of the data": func() error {
				_, _, err := history.Train(t.Context(), dir, history.EveryEpochs(1), arch, &other, cfg)
				return err
			},
			"architecture is mlp:64-8-10": func() error {
				_, _, err := history.Train(t.Context(), dir, history.EveryEpochs(1), nets.MLP(64, 9, 10), ds, cfg)
				return err
			},
			"batch order": func() error {
				_, _, err := history.Train(t.Context(), dir, history.EveryEpochs(1), arch, ds, change(func(c *nets.Config) { c.Seed = 9 }))
				return err
			},
			"learning rates": func() error {
				_, _, err := history.Train(t.Context(), dir, history.EveryEpochs(1), arch, ds, change(func(c *nets.Config) { c.LR = nets.Cosine(1) }))
				return err
			},
		} {
			err := train()
			require.ErrorIs(t, err, history.ErrMismatch, want)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "choose another folder")
		}
		// What holds the run must be whole, too.
		for name := range before {
			if name == ".lock" {
				continue
			}
			path := filepath.Join(dir, name)
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			bad := bytes.Clone(raw)
			bad[len(bad)-1] ^= 4
			require.NoError(t, os.WriteFile(path, bad, 0o600))
			_, err = history.Inspect(dir)
			require.ErrorIs(t, err, history.ErrDamaged, name)
			require.NoError(t, os.WriteFile(path, raw, 0o600))
		}
		require.Equal(t, before, contents(t, dir))
	}
	_, _, err := history.Train(t.Context(), t.TempDir(), history.All(), arch, ds, nets.Config{Resume: &nets.State{}})
	require.ErrorContains(t, err, "leave Config.Resume nil")
	_, _, err = history.OpenRun(t.TempDir(), arch, ds, history.RunOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// halfRate is a schedule that package nets does not know.
type halfRate struct{}

func (halfRate) Rate(t, _ int) float64 { return 0.1 / float64(1+t) }
func (halfRate) String() string        { return "half" }

// TestOwnSchedule: a schedule of the caller's own is asked for, and compared.
func TestOwnSchedule(t *testing.T) {
	ds, arch, dir := data.Digits().Train, nets.Logistic(64, 10), filepath.Join(t.TempDir(), "run")
	_, _, err := history.Train(t.Context(), dir, history.Spaced(1), arch, ds, nets.Config{LR: halfRate{}, Batch: 300})
	require.NoError(t, err)
	_, _, err = history.OpenRun(dir, arch, ds, history.RunOptions{})
	require.ErrorContains(t, err, "set RunOptions.LR")
	_, _, err = history.OpenRun(dir, arch, ds, history.RunOptions{LR: nets.ConstantRate(1)})
	require.ErrorIs(t, err, history.ErrMismatch)
	run, _, err := history.OpenRun(dir, arch, ds, history.RunOptions{LR: halfRate{}})
	require.NoError(t, err)
	require.NoError(t, run.Validate())
}

// TestEndIsLost: where the recording fails at the end, the run is not lost; Train
// goes on from where the folder ends.
func TestEndIsLost(t *testing.T) {
	ds, arch, dir := data.Digits().Train, nets.Logistic(64, 10), filepath.Join(t.TempDir(), "run")
	cfg := nets.Config{Batch: 300}
	broken := cfg
	blocked := filepath.Join(dir, "final.safetensors")
	broken.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error { return os.MkdirAll(blocked, 0o700) })}
	run, rec, err := history.Train(ctx, dir, history.All(), arch, ds, broken)
	require.ErrorContains(t, err, "it is a folder")
	require.NotNil(t, run)
	require.Nil(t, rec)
	require.NoError(t, os.Remove(blocked))
	again, rec, err := history.Train(ctx, dir, history.All(), arch, ds, cfg)
	require.NoError(t, err)
	require.Equal(t, run.Params.Float32s(), again.Params.Float32s())
	require.NoError(t, rec.Check(run))
}
