package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestPolicy: what Policy says is what the methods can work with, at steps that
// no share hits exactly.
func TestPolicy(t *testing.T) {
	ds := data.Digits().Train
	for _, tc := range []struct {
		arch    nets.Arch
		batch   int
		methods []unlearning.Method
		want    string
	}{
		{nets.MLP(64, 8, 10), 100, []unlearning.Method{unlearning.Mini{}}, "logit-gradients"},
		{nets.Logistic(64, 10), 600, []unlearning.Method{unlearning.Mini{}}, "all"},
		{nets.Logistic(64, 10), 600, []unlearning.Method{unlearning.Mini{}, unlearning.Erase{}}, "all+logit-gradients"},
		{nets.MLP(64, 8, 10), 100, []unlearning.Method{baselines.RewindToDelete{Cost: 0.5}}, "at:0.5"},
		{nets.MLP(64, 8, 10), 100, []unlearning.Method{unlearning.ShortRun{Start: 0.25}, unlearning.Mini{}}, "at:0.25+logit-gradients"},
		{nets.MLP(64, 8, 10), 100, []unlearning.Method{baselines.Newton{}, baselines.FineTune{Short: unlearning.Short{Cost: 0.1}}}, "none"},
		{nets.MLP(64, 8, 10), 100, []unlearning.Method{baselines.RewindToDelete{Cost: 1.5}}, "none"}, // refused when run
	} {
		m, err := nets.NewModel(tc.arch, nil, graph.Float32)
		require.NoError(t, err)
		cfg := nets.Config{Epochs: 3, Batch: tc.batch, LR: nets.Cosine(0.1), Seed: 1}
		p := unlearning.Policy(unlearning.Plan{Model: m, Data: ds, Config: cfg}, tc.methods...)
		require.Equal(t, tc.want, p.String())
		if p.Empty() {
			continue
		}
		problem := testruns.Record(t, tc.arch, ds, cfg, p)
		problem.Forget = data.RandomForget(ds, 0.1, 1)
		for _, method := range tc.methods {
			_, err := method.Unlearn(t.Context(), problem)
			require.NoError(t, err, method.Name())
		}
	}
	require.Equal(t, 39, history.StepAt(1, 39))
}
