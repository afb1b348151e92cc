package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
)

// TestScenarios: what was spoiled, and what the run memorised, is forgotten like any set;
// of both, retraining knows far less than the run did.
func TestScenarios(t *testing.T) {
	ds := *data.Digits()
	methods, err := unlearning.Parse("before", "neggradplus:0.2", "retrain")
	require.NoError(t, err)
	e := Experiment{Data: &ds, N: 600, Arch: nets.MLP(64, 64, 10), Config: nets.Config{Epochs: 30, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1}, Methods: methods, Untimed: true}
	for forget, n := range map[string]int{"mislabelled:0.1": 60, "memorised:0.1": 60, "part:0.5:3": 31, "confused:0.5:3:5": 61} {
		e.Forget = forget
		require.NoError(t, e.Check())
		rows, err := e.Run(t.Context())
		require.NoError(t, err)
		for _, r := range rows {
			require.Empty(t, r.Error, "%s: %s", forget, r.Method)
			require.Equal(t, forget, r.Forget)
			require.InDelta(t, n, r.NForget, 2, forget)
		}
		require.Greater(t, rows[0].ForgetAcc, rows[2].ForgetAcc+3, forget)
		if strings.HasPrefix(forget, "mislabelled") {
			require.Less(t, float64(rows[2].ForgetAcc), 20.0)
			require.Greater(t, rows[2].TestAcc, rows[0].TestAcc, "to forget is to repair")
		}
	}
	for forget, want := range map[string]string{"memorised:": "is not a share", "memorised:1": "is not a share", "poisoned:0.1:3": "needs images"} {
		e.Forget = forget
		require.ErrorContains(t, e.Check(), want)
	}
	e.Forget = "memorised:0.0001"
	rows, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, rows[0].Error, "the forget set is empty")
}
