package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestInParts: where each request is served exactly, all of them together are; retraining
// for each is retraining for all, bit for bit, and costs as much as it does each time.
func TestInParts(t *testing.T) {
	p := testruns.Logistic(t, 0, nets.Config{Epochs: 3, DType: graph.Float64}, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.25, 3)
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	exact := testruns.Solve(t, unlearning.InParts{Parts: 7, Method: unlearning.Recursion{}}, p)
	require.Less(t, vector.Distance(exact, v), 1e-7*vector.Distance(p.Run.Params, v))
	res, err := unlearning.InParts{Parts: 3, Method: unlearning.Retrain{}}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, v.Float64s(), res.Params.Float64s())
	require.Greater(t, res.GradEvals, 3*unlearning.RetrainCost(p))
	one := testruns.Solve(t, unlearning.InParts{Parts: 1, Method: unlearning.Mini{}}, p)
	require.Equal(t, testruns.Solve(t, unlearning.Mini{}, p).Float64s(), one.Float64s())

	m, err := unlearning.ByName("in-parts:10:mini:0.02")
	require.NoError(t, err)
	require.Equal(t, unlearning.InParts{Parts: 10, Method: unlearning.Mini{Cost: 0.02}}, m)
	for _, bad := range []string{"in-parts", "in-parts:10", "in-parts:0:mini", "in-parts:mini", "in-parts:2:nothing"} {
		_, err := unlearning.ByName(bad)
		require.Error(t, err, bad)
	}
	_, err = unlearning.InParts{Method: unlearning.Mini{}}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "0 parts")
	_, err = unlearning.InParts{Parts: 2}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "by what each is served")
}
