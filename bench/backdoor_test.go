package bench

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
)

// images are the digits as images.
func images() *data.Splits {
	all := *data.Digits()
	for _, part := range []**data.Dataset{&all.Train, &all.Validation, &all.Test} {
		ds := **part
		ds.Shape = []int{1, 8, 8}
		*part = &ds
	}
	return &all
}

// TestBackdoor: a poisoned model takes stamped images for the target, a retrained one
// does not; where nothing was poisoned there is no such share, and no field.
func TestBackdoor(t *testing.T) {
	methods, err := unlearning.Parse("before", "neggradplus:0.2", "retrain", "sisa")
	require.NoError(t, err)
	e := Experiment{Data: images(), N: 800, Arch: nets.MLP(64, 64, 10), Config: nets.Config{Epochs: 20, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1}, Forget: "poisoned:0.1:3", Methods: methods, Untimed: true}
	rows, err := e.Run(t.Context())
	require.NoError(t, err)
	for _, r := range rows {
		require.Empty(t, r.Error, r.Method)
	}
	require.Greater(t, float64(*rows[0].Backdoor), 90.0)
	require.Less(t, float64(*rows[2].Backdoor), 20.0, "as a stamp alone makes of some")
	require.Less(t, float64(*rows[3].Backdoor), 20.0, "what SISA forgets is retrained")
	var file bytes.Buffer
	require.NoError(t, WriteJSONL(&file, rows))
	again, err := ReadJSONL(&file, "rows")
	require.NoError(t, err)
	require.Equal(t, rows[0].Backdoor, again[0].Backdoor)
	table, err := NewTable(again)
	require.NoError(t, err)
	require.NoError(t, table.Select("backdoor %"))
	require.Equal(t, *rows[1].Backdoor, table.Shown()[0].value(again[1]))

	e.Forget, e.Methods = "random:0.1", methods[:1]
	rows, err = e.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, rows[0].Backdoor)
	file.Reset()
	require.NoError(t, WriteJSONL(&file, rows))
	require.NotContains(t, file.String(), "backdoor")
}

// TestSISA: an ensemble is a row as others are, without a distance of parameters; one
// example takes a shard's slices, and shards that U is not in take nothing.
func TestSISA(t *testing.T) {
	methods, err := unlearning.Parse("sisa:shards=4:slices=2", "sisa:shards=1", "retrain")
	require.NoError(t, err)
	require.Equal(t, baselines.SISA{Shards: 4, Slices: 2}, methods[0].Method)
	e := Experiment{Data: data.Digits(), N: 800, Arch: nets.MLP(64, 64, 10), Config: nets.Config{Epochs: 20, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1}, Forget: "first:1", Methods: methods, Untimed: true}
	rows, err := e.Run(t.Context())
	require.NoError(t, err)
	full := float64(rows[2].GradEvals)
	for _, r := range rows[:2] {
		require.Empty(t, r.Error)
		require.False(t, r.RelDist.Exists())
		require.InDelta(t, full, r.TrainExtraEvals, 0.1*full, "the time of as many epochs")
		require.InDelta(t, float64(rows[2].TestAcc), float64(r.TestAcc), 6)
	}
	require.Less(t, rows[0].GradEvals, 0.3*full)
	require.Greater(t, rows[1].GradEvals, 0.9*full)
	require.Zero(t, rows[2].TrainExtraEvals)

	_, err = methods[0].Method.Unlearn(t.Context(), unlearning.Problem{})
	require.ErrorIs(t, err, unlearning.ErrEnsemble)
	_, err = unlearning.ByName("sisa:shards=0")
	require.ErrorContains(t, err, "shards: ")
	_, err = unlearning.ByName("sisa:0.2")
	require.ErrorContains(t, err, `no setting "0.2"; there are shards, slices`)
}

// TestMeanGap: by hand, and methods in its order.
func TestMeanGap(t *testing.T) {
	of := func(method string, seed uint64, forget, retain, test, auc Float) Result {
		return Result{Method: method, Seed: seed, ForgetAcc: forget, RetainAcc: retain, TestAcc: test, MIAAUC: auc}
	}
	lost := Result{Method: "lost", Seed: 1, Error: "it diverged"}
	table, err := NewTable([]Result{
		of("far", 1, 90, 95, 89, 0.5), of("near", 1, 81, 94, 88, 0.52), of("retrain", 1, 80, 95, 88, 0.5), lost,
		of("far", 2, 60, 95, 88, 0.5), of("near", 2, 70, 96, 88, 0.5), of("retrain", 2, 70, 95, 88, 0.5),
	})
	require.NoError(t, err)
	c, err := table.column("mean gap")
	require.NoError(t, err)
	g := table.Groups()[0]
	require.Equal(t, Summary{Mean: (11./4 + 10./4) / 2, N: 2, Of: 2}, withoutHalf(c.Summary(g.Of("far"))))
	require.InDelta(t, (4./4+1./4)/2, c.Summary(g.Of("near")).Mean, 1e-12)
	require.Zero(t, c.Summary(g.Of("retrain")).Mean)
	require.False(t, c.Summary(g.Of("lost")).Exists())
	require.NoError(t, table.Sort("mean gap"))
	require.Equal(t, []string{"retrain", "near", "far", "lost"}, table.Groups()[0].Methods)
	require.ErrorContains(t, table.Sort("mean gap %"), "no column")
	alone, err := NewTable([]Result{of("far", 1, 90, 95, 89, 0.5)})
	require.NoError(t, err)
	require.Equal(t, attacks.Missing().Exists(), alone.gaps()(alone.Results[0]).Exists())
}

func withoutHalf(s Summary) Summary { s.Half = 0; return s }
