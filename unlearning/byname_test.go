package unlearning_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

func TestByName(t *testing.T) {
	p := testruns.Plain(t, graph.Float32)
	for _, name := range []string{"mini", "mini:0.2", "deltagrad", "deltagrad:3", "amnesiac", "rewind:0.1", "descent:0.3", "newton:2", "finetune", "shrink-perturb:0.1", "fast-retrain:0.2", "recursion", "retrain"} {
		m, err := unlearning.ByName(name)
		require.NoError(t, err, name)
		require.Contains(t, name, m.Name())
		res, err := m.Unlearn(t.Context(), p)
		require.NoError(t, err, name)
		require.True(t, res.Params.Finite())
		require.Equal(t, m.Name(), res.Method)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = m.Unlearn(ctx, p)
		require.ErrorIs(t, err, context.Canceled, name)
		q := p
		q.Forget = data.ForgetSet{}
		res, err = m.Unlearn(t.Context(), q)
		require.NoError(t, err, name)
		require.Equal(t, p.Run.Params.Float32s(), res.Params.Float32s(), name)
		require.Zero(t, res.GradEvals)
	}
	for _, name := range []string{"", "nothing", "mini:", "mini:-1", "mini:x", "retrain:2", "deltagrad:2.5", "newton:NaN"} {
		_, err := unlearning.ByName(name)
		require.Error(t, err, name)
	}
	_, err := unlearning.ByName("nothing")
	require.ErrorIs(t, err, unlearning.ErrUnknownMethod)
	_, err = unlearning.ByName("MNII:0.1")
	require.ErrorContains(t, err, "did you mean mini?")
	_, err = unlearning.ByName("retrain:2")
	require.ErrorContains(t, err, "retrain takes no argument")
}

func init() { // and not in the test, which may run twice
	unlearning.Register("registered-here", "ROWS", func(arg string) (unlearning.Method, error) {
		if arg == "none" {
			return nil, nil
		}
		return made{name: "made of " + arg}, nil
	})
}

// TestRegister: a method from elsewhere is known by its name; a name that is
// taken, or none, is refused by name, and so is one without a method.
func TestRegister(t *testing.T) {
	m, err := unlearning.ByName("Registered-Here:Two")
	require.NoError(t, err)
	require.Equal(t, "made of Two", m.Name())
	require.Contains(t, unlearning.Names(), "registered-here[:ROWS]")
	_, err = unlearning.ByName("registered-here:none")
	require.ErrorContains(t, err, "registered-here made nil")
	make := func(string) (unlearning.Method, error) { return unlearning.Mini{}, nil }
	require.PanicsWithValue(t, `unlearning: method "mini" is registered twice`, func() { unlearning.Register("mini", "", make) })
	require.PanicsWithValue(t, `unlearning: Register("nothing-made"): there is no function that makes the method`, func() { unlearning.Register("nothing-made", "", nil) })
	for _, name := range []string{"", "Mine", "my method", "mine:2"} {
		require.Panics(t, func() { unlearning.Register(name, "", make) }, name)
	}
}

func TestParse(t *testing.T) {
	methods, err := unlearning.Parse("Mini:0.1", " mini", "retrain")
	require.NoError(t, err)
	require.Equal(t, []unlearning.Named{{"mini:0.1", unlearning.Mini{Cost: 0.1}}, {"mini", unlearning.Mini{}}, {"retrain", unlearning.Retrain{}}}, methods)
	_, err = unlearning.Parse("mini", "MINI")
	require.ErrorContains(t, err, `"mini" is named twice`)
	_, err = unlearning.Parse("mini", "")
	require.ErrorIs(t, err, unlearning.ErrUnknownMethod)
}
