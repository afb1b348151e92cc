package charts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

// traced are rows of two forget sets and two seeds, with traces.
func traced() (rows []bench.Row) {
	for _, forget := range []string{"random:0.1", "class:3"} {
		for seed := range uint64(2) {
			for i, m := range []string{"before", "mini:0.1", "mini:0.2", "finetune", "rewind", "retrain", "retrain-other-seed"} {
				r := bench.Row{Result: bench.Result{Dataset: "d", Net: "n", Forget: forget, Method: m, Seed: seed, N: 100, NForget: 10}}
				x := float64(i) + float64(seed)
				r.Trace = bench.Trace{Losses: []float64{2 + x, 1 + x/2, 0.5}, Forgotten: []float64{x, x + 1, x + 3}, Unseen: []float64{x - 1, x, x + 2}, ROC: [][2]float64{{0, 0}, {0.01, 0.05}, {1, 1}}}
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// TestTraces: losses, margins and the attack are drawn from traces, where there are
// some.
func TestTraces(t *testing.T) {
	rows := traced()
	table, err := bench.NewTraced(rows)
	require.NoError(t, err)
	figures := Traces(table.Studies()[0])
	require.Len(t, figures, 3)
	wants := []string{"d · n: training", "d · n: margins of the forgotten examples", "d · n: attack on random:0.1"}
	for i, f := range figures {
		require.Equal(t, wants[i], f.Title)
		svg, err := f.SVG()
		require.NoError(t, err)
		for _, m := range []string{"mini:0.2", "finetune"} {
			require.Equal(t, i > 0, strings.Contains(svg, m), "%s in %s", m, f.Title)
		}
		require.NotContains(t, svg, "rewind", "more than three methods")
		require.NotContains(t, svg, "NaN")
	}
	require.Contains(t, figures[0].Caption, "over the base runs of 2 seeds")
	require.Equal(t, []float64{0.5, 1.5, 3.5}, average(table.Groups()[0].Traces("before"), func(t bench.Trace) []float64 { return t.Forgotten }))

	// A run of one epoch has no curve, and one without traces nothing.
	for i := range rows {
		rows[i].Trace.Losses = rows[i].Trace.Losses[:1]
	}
	table, err = bench.NewTraced(rows)
	require.NoError(t, err)
	require.Len(t, Traces(table.Studies()[0]), 2)
	var results []bench.Result
	for i := range rows {
		rows[i].Trace = bench.Trace{}
		results = append(results, rows[i].Result)
	}
	table, err = bench.NewTraced(rows)
	require.NoError(t, err)
	require.Empty(t, Traces(table.Studies()[0]))
	table, err = bench.NewTable(results)
	require.NoError(t, err)
	require.Empty(t, Traces(table.Studies()[0]))
	require.Empty(t, table.Groups()[0].Traces("before"))
}
