package unlearning_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// made is a method that returns what it is told to.
type made struct {
	name   string
	result *unlearning.Result
	err    error
}

func (m made) Name() string                         { return m.name }
func (made) History(unlearning.Plan) history.Policy { return history.Policy{} }
func (m made) Unlearn(context.Context, unlearning.Problem) (*unlearning.Result, error) {
	return m.result, m.err
}

// TestSolve: what a method returns is checked, and the error names it.
func TestSolve(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.Policy{})
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	good := p.Run.Params.Clone
	broken := good()
	broken.Set(3, math.NaN())
	for name, r := range map[string]*unlearning.Result{
		"nil":                       nil,
		"no parameters":             {},
		"10 float32 parameters":     {Params: graph.NewTensor(graph.Float32, 10)},
		"float64 parameters":        {Params: graph.NewTensor(graph.Float64, good().Len())},
		"not all finite":            {Params: broken},
		"+Inf gradient":             {Params: good(), GradEvals: math.Inf(1)},
		"guarantee is ε = NaN":      {Params: good(), Guarantee: &unlearning.Guarantee{Epsilon: math.NaN()}},
		"guarantee is ε = 1, δ = 1": {Params: good(), Guarantee: &unlearning.Guarantee{Epsilon: 1, Delta: 1}},
		"NaN gradient evaluations":  {Params: good(), GradEvals: math.NaN()},
		"read -1 bytes":             {Params: good(), BytesRead: -1},
	} {
		_, err := unlearning.Solve(t.Context(), made{name: "mine", result: r}, p)
		require.ErrorIs(t, err, unlearning.ErrResult, name)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "unlearning: mine: ")
	}
	own := errors.New("of its own")
	_, err := unlearning.Solve(t.Context(), made{name: "mine", err: own}, p)
	require.Equal(t, own, err)

	given := &unlearning.Result{Params: good()}
	res, err := unlearning.Solve(t.Context(), made{name: "mine", result: given}, p)
	require.NoError(t, err)
	require.Equal(t, "mine", res.Method)
	require.Positive(t, res.Elapsed)
	require.Empty(t, given.Method, "the method's own value was changed")
}

// embedding is a method of one's own around Mini.
type embedding struct{ unlearning.Mini }

func (embedding) Name() string { return "around mini" }

// TestEmbedded: a method that embeds Mini gets Mini's record, of networks and of
// convex models.
func TestEmbedded(t *testing.T) {
	for want, p := range map[string]unlearning.Problem{"all": testruns.Convex(t), "logit-gradients": testruns.Digits(t, graph.Float32, history.LogitGradients())} {
		p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
		require.Equal(t, want, unlearning.Policy(unlearning.PlanOf(p.Run), embedding{}).String())
		res, err := unlearning.Solve(t.Context(), embedding{}, p)
		require.NoError(t, err)
		require.Equal(t, testruns.Solve(t, unlearning.Mini{}, p).Float32s(), res.Params.Float32s())
	}
}

// TestRoute: a result says which way Mini went, and why.
func TestRoute(t *testing.T) {
	p := testruns.Convex(t)
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, unlearning.RouteRecursion, res.Route)
	require.Equal(t, "a convex model", res.RouteReason)

	p = testruns.Digits(t, graph.Float32, history.LogitGradients())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, unlearning.RouteDistilled, res.Route)
	require.Equal(t, "U is like the other examples", res.RouteReason)

	p.Forget, err = data.ParseForget("class:3", p.Run.Data, 1)
	require.NoError(t, err)
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, unlearning.RouteRestart, res.Route)
	require.Equal(t, map[unlearning.Guard]int{unlearning.GuardClassLike: 1}, res.Guards)
	require.Contains(t, res.RouteReason, "of class 3")

	p.Forget = data.RandomForget(p.Run.Data, 0.8, 1)
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, unlearning.RouteRestart, res.Route)
	require.Empty(t, res.Guards)
	require.Contains(t, res.RouteReason, "U is 80% of the data")
	res, err = unlearning.Mini{Cost: 1}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, unlearning.RouteRetrain, res.Route)
	require.Equal(t, testruns.Solve(t, unlearning.Retrain{}, p).Float32s(), res.Params.Float32s())
}
