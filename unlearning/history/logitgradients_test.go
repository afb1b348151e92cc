package history_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestLogitGradients: where Jacobians keep still, in logistic regression, and without
// momentum, Σ_i J_iᵀ α_i is the sum of the run's gradients, each times its learning
// rate and what weight decay and recency have left of it, in batches of any size.
func TestLogitGradients(t *testing.T) {
	ds := data.Digits().Train
	for _, c := range []struct {
		batch int
		decay float64
	}{{37, 0.02}, {2000, 0.02}, {37, 3}} { // the last lets nothing of early steps be left
		batch, decay := c.batch, c.decay
		rec := history.NewRecorder(history.LogitGradients())
		var gradients []*graph.Tensor
		run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{
			Epochs: 3, Batch: batch, LR: nets.Cosine(0.3), WeightDecay: decay, Seed: 2, DType: graph.Float64, Hooks: []nets.Hook{rec, nets.StepFunc(func(s nets.Step) error {
				gradients = append(gradients, s.Grad.Clone())
				return nil
			})},
		})
		require.NoError(t, err)
		alpha, read, err := rec.Record().LogitGradients()
		require.NoError(t, err)
		require.EqualValues(t, []int{ds.Len(), 10}, []int(alpha.Shape()))
		require.EqualValues(t, 4*10*ds.Len(), read)
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
		want, left, since, total := run.Model.NewVector(), 1.0, 0.0, 0.0
		for s := range run.Steps {
			total += run.Config.LR.Rate(s, run.Steps)
		}
		for s := run.Steps - 1; s >= 0; s-- {
			eta := run.Config.LR.Rate(s, run.Steps)
			vector.AddScaled(want, eta*left*math.Exp(-defaults.Recency*since/total), gradients[s])
			left, since = left*(1-decay*eta), since+eta
		}
		require.InDeltaSlice(t, want.Float64s(), sum.Float64s(), 1e-6)
	}
}

// TestKeepLogitGradients: logit gradients come back from a folder as they were, beside what else
// a policy keeps, and damage is seen.
func TestKeepLogitGradients(t *testing.T) {
	for _, p := range []history.Policy{history.LogitGradients(), history.Spaced(2).And(history.LogitGradients())} {
		t.Run(p.String(), func(t *testing.T) {
			mem := history.NewRecorder(p)
			train(t, mem)
			want, _, err := mem.Record().LogitGradients()
			require.NoError(t, err)
			dir := filepath.Join(t.TempDir(), "record")
			run, _ := train(t, history.Create(p, dir))
			r, err := history.Open(dir)
			require.NoError(t, err)
			require.NoError(t, r.Check(run))
			got, _, err := r.LogitGradients()
			require.NoError(t, err)
			require.Equal(t, want.Shape(), got.Shape())
			require.Equal(t, want.Float32s(), got.Float32s())

			file := filepath.Join(dir, "logit-gradients.safetensors")
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			raw[len(raw)-1] ^= 1
			require.NoError(t, os.WriteFile(file, raw, 0o644))
			_, _, err = r.LogitGradients()
			require.ErrorIs(t, err, history.ErrDamaged)
			require.NoError(t, os.Remove(file))
			_, _, err = r.LogitGradients()
			require.ErrorIs(t, err, history.ErrDamaged)
		})
	}
	none := history.NewRecorder(history.Spaced(2))
	train(t, none)
	_, _, err := none.Record().LogitGradients()
	require.ErrorIs(t, err, history.ErrNoLogitGradients)
	require.ErrorContains(t, err, "the record's policy was spaced:2")
	require.Equal(t, "all+logit-gradients", history.All().And(history.LogitGradients()).String())
	require.Equal(t, "logit-gradients", history.LogitGradients().And(history.LogitGradients()).String())
}
