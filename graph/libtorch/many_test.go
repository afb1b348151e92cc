//go:build libtorch

package libtorch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestTrainMany: models trained side by side are those trained alone.
func TestTrainMany(t *testing.T) {
	ds := data.Digits().Train
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			var jobs []nets.Job
			for seed := range uint64(5) {
				jobs = append(jobs, nets.Job{Arch: nets.MLP(64, 16, 10), Data: ds, Config: nets.Config{Steps: 15, Momentum: 0.9, Seed: seed, Engine: e}})
			}
			i := 0
			for run, err := range nets.TrainMany(t.Context(), jobs, 3) {
				require.NoError(t, err)
				alone, err := nets.Train(t.Context(), jobs[i].Arch, ds, jobs[i].Config)
				require.NoError(t, err)
				require.Equal(t, alone.Params.Float32s(), run.Params.Float32s())
				require.Equal(t, e, run.Model.Engine())
				i++
			}
			require.Len(t, jobs, i)
		})
	}
}
