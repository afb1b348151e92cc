package bench

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// named returns the methods of notations.
func named(notations ...string) []unlearning.Named {
	methods, err := unlearning.Parse(notations...)
	if err != nil {
		panic(err)
	}
	return methods
}

func small() Experiment {
	return Experiment{
		Data: data.Digits(), N: 300, Arch: nets.MLP(64, 16, 10), Forget: "random:0.2", Methods: named("fast-retrain:0.5", "fast-retrain", "mini", "before"),
		Config: nets.Config{Epochs: 2, Batch: 32, LR: nets.Cosine(0.1), Momentum: 0.9, Seed: 3},
	}
}

func TestExperiment(t *testing.T) {
	e := small()
	var told []string
	e.Progress = func(s string) { told = append(told, s) }
	rows, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for i, r := range rows {
		require.Equal(t, e.Methods[i].Name, r.Method)
		require.Equal(t, "digits", r.Dataset)
		require.Equal(t, "random:0.2", r.Forget)
		require.EqualValues(t, 3, r.Seed)
	}
	require.InDelta(t, 0.5, rows[0].GradEvals/rows[0].RetrainGradEvals, 0.1)
	require.InDelta(t, rows[2].GradEvals, rows[1].GradEvals, 32, "fast-retrain costs what mini costs, wherever mini stands")
	require.Contains(t, told, "mlp:64-16-10, random:0.2, seed 3: training")

	// Full batches of a convex model: mini follows the recursion.
	e = small()
	e.Arch, e.Methods, e.Config.Batch, e.Config.Epochs = nets.Logistic(64, 10), named("mini"), 300, 30
	rows, err = e.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "logistic", rows[0].Net)
	require.Less(t, rows[0].RelDist, Float(0.5))
	require.Positive(t, rows[0].HistoryBytesKept)
}

// counting keeps a run and what was retrained for it, and counts what it is asked.
type counting struct {
	nothing
	kept     *Retrained
	keptAt   []int
	policies []string
}

func (c *counting) Train(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error) {
	c.policies = nil
	for _, p := range policies {
		c.policies = append(c.policies, p.String())
	}
	return c.nothing.Train(ctx, m, train, cfg, policies)
}

func (c *counting) Retrained(unlearning.Problem, *data.Dataset) *Retrained { return c.kept }

func (c *counting) KeepRetrained(_ unlearning.Problem, _ *data.Dataset, r *Retrained) {
	c.kept = &Retrained{Params: r.Params, GradEvals: r.GradEvals, Seconds: r.Seconds, Floor: slices.Clone(r.Floor)}
	c.keptAt = append(c.keptAt, len(r.Floor))
}

// TestExperimentRows: chosen methods make only what they need, and what is kept
// gives the same rows, also half of it.
func TestExperimentRows(t *testing.T) {
	e := small()
	want, err := e.Run(t.Context())
	require.NoError(t, err)
	keeper := &counting{}
	e.Keeper, e.Untimed = keeper, true
	var got []Row
	put := func(i int, row Row) error {
		require.Equal(t, e.Methods[i].Name, row.Method)
		got = append(got, row)
		return nil
	}
	timeless := func(rs ...Result) (text string) {
		for i := range rs {
			rs[i].Seconds, rs[i].RetrainSeconds = attacks.Missing(), attacks.Missing()
		}
		var b bytes.Buffer
		require.NoError(t, WriteJSONL(&b, rs))
		return b.String()
	}
	require.NoError(t, e.Rows(t.Context(), []int{3, 0}, put))
	require.Empty(t, keeper.policies, "neither reads a record")
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, keeper.keptAt)
	require.True(t, keeper.kept.Whole())
	require.Equal(t, timeless(want[3], want[0]), timeless(got[0].Result, got[1].Result))
	require.False(t, got[0].Seconds.Exists() || got[0].RetrainSeconds.Exists())
	require.Len(t, got[0].Trace.Losses, 2)
	require.Len(t, got[0].Trace.Forgotten, traceQuantiles)
	require.Equal(t, [2]float64{1, 1}, got[0].Trace.ROC[len(got[0].Trace.ROC)-1])

	got, keeper.keptAt, keeper.kept.Floor = nil, nil, keeper.kept.Floor[:2] // as after a kill
	require.False(t, keeper.kept.Whole())
	require.NoError(t, e.Rows(t.Context(), []int{1}, put))
	require.Len(t, keeper.policies, 1, "it spends what mini spends, and mini reads a record")
	require.Equal(t, []int{3, 4, 5}, keeper.keptAt)
	require.Equal(t, timeless(want[1]), timeless(got[0].Result))

	enough := errors.New("enough")
	require.ErrorIs(t, e.Rows(t.Context(), nil, func(int, Row) error { return enough }), enough)
	require.ErrorContains(t, e.Rows(t.Context(), []int{4}, put), "no method at position 4 of 4")
}

// TestExperimentFails: what cannot run is a row that says why, and costs no other.
func TestExperimentFails(t *testing.T) {
	e := small()
	e.Methods = named("before", "mini:0.0001", "retrain")
	rows, err := e.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Contains(t, rows[1].Error, "unlearning: mini: the budget is less than one step")
	require.Equal(t, "mini:0.0001", rows[1].Method)
	require.False(t, rows[1].TestAcc.Exists())
	require.Empty(t, rows[0].Error+rows[2].Error)

	e.Config.LR = nets.ConstantRate(1e30)
	rows, err = e.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 3)
	for i, r := range rows {
		require.Contains(t, r.Error, "seed 3: nets: training diverged at step")
		require.Equal(t, e.Methods[i].Name, r.Method)
		require.Equal(t, "digits", r.Dataset)
		require.Equal(t, 60, r.NForget)
		require.EqualValues(t, 2, r.Epochs)
		require.Equal(t, "constant", r.Schedule)
		require.NoError(t, r.check())
	}

	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = e.Run(ctx)
	require.ErrorIs(t, err, context.Canceled, "an interrupt is no result")
}

func TestExperimentCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Experiment)
		want   string
	}{
		{"method that is nil", func(e *Experiment) { e.Methods = []unlearning.Named{{Name: "mine"}} }, `method 0, "mine", is nil`},
		{"method twice", func(e *Experiment) {
			e.Methods = []unlearning.Named{{Method: unlearning.Mini{}}, {Name: "mini", Method: unlearning.Retrain{}}}
		}, `"mini" is named twice`},
		{"no methods", func(e *Experiment) { e.Methods = nil }, "no methods"},
		{"fast without mini", func(e *Experiment) { e.Methods = named("fast-retrain") }, "mini is not among the methods"},
		{"n too large", func(e *Experiment) { e.N = 2000 }, "digits has 1257 training examples, not 2000"},
		{"n negative", func(e *Experiment) { e.N = -1 }, "not -1"},
		{"no net", func(e *Experiment) { e.Arch = nets.Arch{Name: "brain"} }, `the architecture "brain" has no Logits`},
		{"net that does not fit", func(e *Experiment) { e.Arch = nets.MLP(784, 10) }, "takes 784 features"},
		{"forget nothing", func(e *Experiment) { e.Forget = "first:0" }, "the forget set is empty"},
		{"forget all", func(e *Experiment) { e.Forget = "first:300" }, "nothing is left to learn from"},
		{"forget what", func(e *Experiment) { e.Forget = "some" }, "want random:SHARE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := small()
			c.change(&e)
			require.ErrorContains(t, e.Check(), c.want)
			_, err := e.Run(t.Context())
			require.ErrorContains(t, err, c.want)
		})
	}
	e := small()
	require.NoError(t, e.Check())
	e.Forget = "first:300"
	require.ErrorIs(t, e.Check(), unlearning.ErrNothingLeft)
}
