package bench

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// group returns the one group of rows of a method by seed, test accuracies and KS.
func group(t *testing.T, of map[string][][2]float64, order ...string) *Group {
	t.Helper()
	var rs []Result
	for _, m := range order {
		for seed, v := range of[m] {
			r := sample(m, uint64(seed), v[0])
			r.KSForget, r.ExcessRemoved = Float(v[1]), attacks.Missing()
			rs = append(rs, r)
		}
	}
	tab, err := NewTable(rs)
	require.NoError(t, err)
	groups := tab.Groups()
	require.Len(t, groups, 1)
	return groups[0]
}

// TestFloor: what a seed changes for all rows does not count, what it changes
// between two retrainings does.
func TestFloor(t *testing.T) {
	g := group(t, map[string][][2]float64{
		"retrain":            {{90, 0}, {95, 0}, {99, 0}},
		"retrain-other-seed": {{90.1, 0.02}, {94.9, 0.03}, {99, 0.04}}, // differences 0.1, −0.1, 0
		"near":               {{90.2, 0.05}, {95.2, 0.05}, {99.2, 0.05}},
		"far":                {{90.3, 0.06}, {95.3, 0.06}, {99.3, 0.06}},
		"failed":             {{90, 0.01}, {95, 0.01}},
	}, "retrain", "retrain-other-seed", "near", "far", "failed")
	acc, ks, cost := must("test %"), must("KS"), must("of retraining")
	f, ok := g.Floor(acc)
	require.True(t, ok)
	require.InDelta(t, (90.+95+99)/3, f.Centre, 1e-12)
	// Mean 0, s = 0.1, t of 2 degrees of freedom.
	require.InDelta(t, 4.302652729911275*0.1/math.Sqrt(3), f.Width, 1e-9)
	f, ok = g.Floor(ks)
	require.True(t, ok)
	require.Zero(t, f.Centre)
	require.InDelta(t, 0.03+4.302652729911275*0.01/math.Sqrt(3), f.Width, 1e-9)
	_, ok = g.Floor(cost)
	require.False(t, ok)

	for _, c := range []struct {
		column        Column
		method        string
		within, known bool
	}{
		{acc, "near", true, true}, {acc, "far", false, true}, {acc, "failed", true, true}, {acc, "none", false, false},
		{ks, "near", true, true}, {ks, "far", false, true}, {cost, "near", false, false},
	} {
		within, known := g.Within(c.column, c.method)
		require.Equal(t, c.within, within, "%s of %s", c.column.Head, c.method)
		require.Equal(t, c.known, known, "%s of %s", c.column.Head, c.method)
	}

	single := group(t, map[string][][2]float64{"retrain": {{90, 0}}, "retrain-other-seed": {{91, 0.02}}}, "retrain", "retrain-other-seed")
	_, ok = single.Floor(acc)
	require.False(t, ok, "one seed says nothing about chance")
	_, ok = group(t, map[string][][2]float64{"retrain": {{90, 0}, {91, 0}}}, "retrain").Floor(acc)
	require.False(t, ok)
}

func TestFindings(t *testing.T) {
	var rs []Result
	add := func(method, forget string, acc, removed, ks, kl float64) {
		for seed, d := range []float64{-0.1, 0, 0.1} {
			r := sample(method, uint64(seed), acc+d)
			r.Forget, r.ExcessRemoved, r.KSForget, r.KLForget = forget, Float(removed+d), Float(ks+0.01*d), Float(kl)
			rs = append(rs, r)
		}
	}
	for _, forget := range []string{"random:0.1", "random:0.2"} {
		add("before", forget, 96, 0, 0.2, 0.05)
		add("retrain", forget, 95, 1, 0, 0)
		for seed, d := range []float64{0.2, 0, -0.2} { // against the base seeds
			r := sample("retrain-other-seed", uint64(seed), 95+d)
			r.Forget, r.ExcessRemoved, r.KSForget, r.KLForget = forget, Float(1+d), Float(0.02+0.01*d), 0.03
			rs = append(rs, r)
		}
		add("mini:0.2", forget, 95, 0.9, 0.02, 0.01)
		add("keeper:0.2", forget, 96, 0.1, 0.19, 0.04)
		add("cheap:0.1", forget, 91, 1, 0.3, 0.4)
	}
	add("mixed", "random:0.2", 91, 1, 0.02, 0.01)
	add("mixed", "random:0.1", 95, 1, 0.02, 0.01)
	lost := sample("lost", 1, 0)
	rs = append(rs, lost.failed("lost", attacks.ErrEmpty))
	tab, err := NewTable(rs)
	require.NoError(t, err)
	studies := tab.Studies()
	require.Len(t, studies, 1)
	require.Equal(t, "1257 examples, 8 epochs, batch 64, cosine 0.05, momentum 0.9, weight decay 0.0005, seeds 0, 1, 2", studies[0].Setting)
	got := map[string]Finding{}
	for _, f := range studies[0].Findings() {
		got[f.Method] = f
	}
	require.Len(t, got, 5, "references are not judged")
	require.Equal(t, Finding{"mini", "looks like retraining by these measures",
		"Test accuracy within chance of retraining's in all 2 cells (0.00 points); excess removed within chance of retraining's in all 2 cells (0.90); " +
			"margins on forgotten examples within chance of retraining's in all 2 cells (KS 0.020); KL nearer to retraining than doing nothing in all 2 cells (0.0100); 0.200 of retraining's work."}, got["mini"])
	require.Equal(t, "does not forget as retraining does", got["keeper"].Verdict)
	require.Contains(t, got["keeper"].Text, "in none of 2 cells (KS 0.190)")
	require.Equal(t, "loses accuracy", got["cheap"].Verdict)
	require.Contains(t, got["cheap"].Text, "(−4.00 points)")
	require.Equal(t, "loses accuracy in some cells", got["mixed"].Verdict)
	require.Contains(t, got["mixed"].Text, "within chance of retraining's in 1 of 2 cells (−4.00 to 0.00 points)")
	require.Contains(t, got["lost"].Text, "1 results could not be computed")
	require.Contains(t, got["lost"].Verdict, "no judgement")
}

// TestFindingsIdle: a measure that doing nothing passes speaks for no method, but
// may speak against one.
func TestFindingsIdle(t *testing.T) {
	g := group(t, map[string][][2]float64{
		"before":             {{95, 0.02}, {95, 0.02}},
		"retrain":            {{95, 0}, {95, 0}},
		"retrain-other-seed": {{95.1, 0.03}, {94.9, 0.03}},
		"mini":               {{95, 0.01}, {95, 0.01}},
		"bad":                {{95, 0.5}, {95, 0.5}},
	}, "before", "retrain", "retrain-other-seed", "mini", "bad")
	f := Study{Groups: []*Group{g}}.Findings()
	require.Equal(t, "accurate; nothing here tells forgetting from doing nothing", f[0].Verdict)
	require.Equal(t, "accurate, but not in all cells like retraining on what was forgotten", f[1].Verdict)
}
