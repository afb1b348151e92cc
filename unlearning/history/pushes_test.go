package history_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestPushes: where Jacobians keep still, in logistic regression, and without
// momentum, w_T is what weight decay left of w_0 minus Σ_i J_iᵀ α_i, in batches
// of any size.
func TestPushes(t *testing.T) {
	ds := data.Digits().Train
	const decay = 0.02
	for _, batch := range []int{37, 2000} {
		rec := history.NewRecorder(history.Pushes())
		run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{
			Epochs: 3, Batch: batch, LR: nets.Cosine(0.3), WeightDecay: decay, Seed: 2, DType: graph.Float64, Hooks: []nets.Hook{rec},
		})
		require.NoError(t, err)
		alpha, answers, read, err := rec.Record().Pushes()
		require.NoError(t, err)
		require.EqualValues(t, []int{ds.Len(), 10}, []int(alpha.Shape()))
		require.EqualValues(t, []int{ds.Len(), 10}, []int(answers.Shape()))
		require.EqualValues(t, 2*4*10*ds.Len(), read)
		require.Equal(t, read, rec.Record().Bytes())

		ids := make([]int, ds.Len())
		pull := make([]float64, 0, alpha.Len())
		for i := range ids {
			ids[i] = i
		}
		for i := range alpha.Len() {
			pull = append(pull, alpha.At(i))
		}
		sum := run.Model.NewVector()
		require.NoError(t, run.Model.VJP(nets.View{}, run.Params, ds, ids, pull, sum))
		left := 1.0
		for s := range run.Steps {
			left *= 1 - decay*run.Config.LR.Rate(s, run.Steps)
		}
		for i := range sum.Len() {
			require.InDelta(t, left*run.Initial.At(i)-sum.At(i), run.Params.At(i), 1e-6)
		}
	}
}

// TestAnswers: the answers kept are the logits before the step of each
// example's last visit.
func TestAnswers(t *testing.T) {
	ds := data.Digits().Train
	rec := history.NewRecorder(history.Pushes())
	want := make([]float64, 10*ds.Len())
	m, err := nets.NewModel(nets.MLP(64, 8, 10), nil, graph.Float32)
	require.NoError(t, err)
	look := nets.StepFunc(func(s nets.Step) error {
		rows := ds.Subset(s.Batch)
		z, err := m.Logits(t.Context(), s.Params, rows.X, rows.Len())
		for j, i := range s.Batch {
			copy(want[10*i:10*i+10], z[10*j:])
		}
		return err
	})
	_, err = nets.Train(t.Context(), m.Arch(), ds, nets.Config{Steps: 40, Batch: 50, Seed: 2, Hooks: []nets.Hook{rec, look}})
	require.NoError(t, err)
	_, answers, _, err := rec.Record().Pushes()
	require.NoError(t, err)
	for i, v := range want {
		require.InDelta(t, v, answers.At(i), 1e-5)
	}
}

// TestKeepPushes: pushes come back from a folder as they were, beside what else
// a policy keeps, and damage is seen.
func TestKeepPushes(t *testing.T) {
	for _, p := range []history.Policy{history.Pushes(), history.Spaced(2).WithPushes()} {
		t.Run(p.String(), func(t *testing.T) {
			mem := history.NewRecorder(p)
			train(t, mem)
			want, held, _, err := mem.Record().Pushes()
			require.NoError(t, err)
			dir := filepath.Join(t.TempDir(), "record")
			run, _ := train(t, history.Create(p, dir))
			r, err := history.Open(dir)
			require.NoError(t, err)
			require.NoError(t, r.Check(run))
			got, answers, _, err := r.Pushes()
			require.NoError(t, err)
			require.Equal(t, want.Shape(), got.Shape())
			require.Equal(t, want.Float32s(), got.Float32s())
			require.Equal(t, held.Shape(), answers.Shape())
			require.Equal(t, held.Float32s(), answers.Float32s())

			file := filepath.Join(dir, "pushes.safetensors")
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			raw[len(raw)-1] ^= 1
			require.NoError(t, os.WriteFile(file, raw, 0o644))
			_, _, _, err = r.Pushes()
			require.ErrorIs(t, err, history.ErrDamaged)
			require.NoError(t, os.Remove(file))
			_, _, _, err = r.Pushes()
			require.ErrorIs(t, err, history.ErrDamaged)
		})
	}
	none := history.NewRecorder(history.Spaced(2))
	train(t, none)
	_, _, _, err := none.Record().Pushes()
	require.ErrorIs(t, err, history.ErrNoPushes)
	require.ErrorContains(t, err, "the record's policy was spaced:2")
	require.Equal(t, "all+pushes", history.All().WithPushes().String())
	require.Equal(t, "pushes", history.Pushes().WithPushes().String())
}
