package bench

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// overfitted trains on few digits for long enough that there is an excess to
// remove.
func overfitted(t *testing.T) (unlearning.Problem, *data.Dataset) {
	t.Helper()
	ds := data.Digits()
	train, err := data.Stratified(ds.Train, 300, 1)
	require.NoError(t, err)
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), nets.MLP(64, 32, 10), train, nets.Config{
		Epochs: 20, Batch: 32, LR: nets.ConstantRate(0.05), Momentum: 0.9, Seed: 1, Hooks: []nets.Hook{rec},
	})
	require.NoError(t, err)
	return unlearning.Problem{Run: run, Forget: data.RandomForget(train, 0.3, 1), History: rec.Record()}, ds.Test
}

func TestEvaluate(t *testing.T) {
	p, test := overfitted(t)
	res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	work := p.Run.Model.GradEvals()
	res.Guards = map[unlearning.Guard]int{"made up": 2}
	table, err := Evaluate(t.Context(), p, test, res)
	require.NoError(t, err)
	require.Len(t, table.Results, 5)
	before, mini, retrain, other, fast := table.Results[0], table.Results[1], table.Results[2], table.Results[3], table.Results[4]

	require.Equal(t, "before", before.Method)
	// 0.0, not 0, here and below: EqualValues makes an int of a Float for an int.
	require.EqualValues(t, 0.0, before.ExcessRemoved)
	require.EqualValues(t, 1.0, before.RelDist)
	require.Positive(t, before.Dist)
	require.Positive(t, before.KLForget)
	require.Zero(t, before.GradEvals)

	require.Equal(t, "mini", mini.Method)
	require.Equal(t, res.GradEvals, mini.GradEvals)
	require.Equal(t, p.History.Bytes(), mini.HistoryBytesKept)
	require.Equal(t, res.BytesRead, mini.HistoryBytesRead)
	require.Equal(t, res.Guards, mini.Guards)
	require.InDelta(t, float64(mini.Dist)/float64(before.Dist), float64(mini.RelDist), 1e-12)

	require.Equal(t, "retrain", retrain.Method)
	for _, x := range []attacks.Float{retrain.KSForget, retrain.KLForget, retrain.KLTest, retrain.Dist, retrain.RelDist} {
		require.EqualValues(t, 0.0, x)
	}
	require.InDelta(t, 1, float64(retrain.ExcessRemoved), 0.6)
	require.EqualValues(t, 20.0*(300-90), retrain.GradEvals)
	require.Equal(t, retrain.GradEvals, retrain.RetrainGradEvals)
	require.Zero(t, retrain.HistoryBytesKept)

	require.Equal(t, "retrain-other-seed", other.Method)
	require.Greater(t, other.RelDist, before.RelDist, "another seed ends far away")
	require.Equal(t, "fast-retrain", fast.Method)
	require.InDelta(t, mini.GradEvals, fast.GradEvals, 32)

	for _, r := range table.Results {
		require.EqualValues(t, 300, r.N)
		require.EqualValues(t, 90, r.NForget)
		require.Equal(t, "digits", r.Dataset)
		require.Equal(t, "constant", r.Schedule)
		require.EqualValues(t, 20.0, r.Epochs)
	}
	// Retraining counts with the run's model, evaluation does not.
	spent := 6*retrain.GradEvals + other.GradEvals + fast.GradEvals
	require.InDelta(t, spent, p.Run.Model.GradEvals()-work, 1e-6)

	// The accuracies are those of the classifier on the sets they are named for.
	c := nets.Classifier{Model: p.Run.Model, Params: res.Params}
	for _, a := range []struct {
		on  *data.Dataset
		got Float
	}{
		{test, mini.TestAcc},
		{p.Run.Data.Subset(p.Forget.Retained(300)), mini.RetainAcc},
		{p.Run.Data.Subset(p.Forget.Positions()), mini.ForgetAcc},
	} {
		want, err := c.Accuracy(t.Context(), a.on)
		require.NoError(t, err)
		require.InDelta(t, want, float64(a.got), 1e-9)
	}
	require.NotEqual(t, mini.RetainAcc, mini.ForgetAcc, "choose another run, this one cannot tell")
}

// TestSeedsDiffer: each retraining of a reference has a seed of its own, for
// equal seeds leave equal excesses, bit for bit.
func TestSeedsDiffer(t *testing.T) {
	ds := data.Digits()
	run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds.Train, nets.Config{Steps: 5, Seed: 1})
	require.NoError(t, err)
	ref, err := NewReference(t.Context(), unlearning.Problem{Run: run, Forget: data.RandomForget(ds.Train, 0.2, 1)}, ds.Test, nil)
	require.NoError(t, err)
	other, err := ref.OtherSeed(t.Context())
	require.NoError(t, err)
	excesses := map[float64]bool{}
	for _, res := range []*unlearning.Result{ref.Retrained(), other} {
		e, err := ref.excess(t.Context(), res.Params)
		require.NoError(t, err)
		excesses[e] = true
	}
	require.Len(t, ref.made.Floor, 5)
	for _, e := range ref.made.Floor {
		excesses[e] = true
	}
	require.Len(t, excesses, 2+5)

	// The row is the method of that name.
	m, err := unlearning.ByName("retrain-other-seed")
	require.NoError(t, err)
	row, err := m.Unlearn(t.Context(), ref.problem)
	require.NoError(t, err)
	require.Equal(t, other.Params.Float32s(), row.Params.Float32s())
}

func TestEvaluateBadInput(t *testing.T) {
	p, test := overfitted(t)
	res := &unlearning.Result{Method: "none", Params: p.Run.Params}
	_, err := Evaluate(t.Context(), p, test)
	require.ErrorContains(t, err, "no results")
	_, err = Evaluate(t.Context(), p, test, nil)
	require.ErrorContains(t, err, "no parameters")
	_, err = Evaluate(t.Context(), p, nil, res)
	require.ErrorContains(t, err, "no test data")
	_, err = Evaluate(t.Context(), p, labelled(3, 3), res)
	require.ErrorContains(t, err, "takes 64 features")
	_, err = Evaluate(t.Context(), unlearning.Problem{}, test, res)
	require.ErrorContains(t, err, "no finished run")

	empty := p
	empty.Forget = data.ForgetSet{}
	_, err = Evaluate(t.Context(), empty, test, res)
	require.ErrorIs(t, err, data.ErrEmptyForget)

	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = Evaluate(ctx, p, test, res)
	require.ErrorIs(t, err, context.Canceled)

	ref, err := NewReference(t.Context(), p, test, nil)
	require.NoError(t, err)
	_, err = ref.Measure(t.Context(), &unlearning.Result{Method: "odd", Params: nil})
	require.ErrorContains(t, err, "odd: the result has no")
	row, err := ref.fastRow(t.Context(), "fast-retrain", 3)
	require.NoError(t, err)
	require.False(t, row.TestAcc.Exists(), "less than a batch buys nothing")
	require.NoError(t, row.check())
}

// TestNothingChanged: where U never mattered, 0/0 is a missing value.
func TestNothingChanged(t *testing.T) {
	ds := data.Digits()
	run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds.Train, nets.Config{Steps: 1, Batch: 64, Seed: 1})
	require.NoError(t, err)
	inBatch := map[int]bool{}
	for _, batch := range run.Order.Steps(0, 1) {
		for _, i := range batch {
			inBatch[i] = true
		}
	}
	var ids []int
	for i := range ds.Train.Len() {
		if !inBatch[i] && len(ids) < 30 {
			ids = append(ids, i)
		}
	}
	forget, err := data.ForgetPositions(ds.Train.Len(), ids)
	require.NoError(t, err)
	ref, err := NewReference(t.Context(), unlearning.Problem{Run: run, Forget: forget}, ds.Test, nil)
	require.NoError(t, err)
	row, err := ref.Measure(t.Context(), ref.Before())
	require.NoError(t, err)
	require.EqualValues(t, 0.0, row.Dist)
	require.False(t, row.RelDist.Exists())
	other, err := ref.OtherSeed(t.Context())
	require.NoError(t, err)
	row, err = ref.Measure(t.Context(), other)
	require.NoError(t, err)
	require.False(t, row.RelDist.Exists())
	require.NoError(t, row.check())
}
