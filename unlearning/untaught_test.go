package unlearning

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
)

// ofLabels forgets all examples with labels, and the first of those with another.
func ofLabels(some int, labels ...int32) func(ds *data.Dataset) data.ForgetSet {
	return func(ds *data.Dataset) data.ForgetSet {
		var ids []int
		for i, y := range ds.Y {
			if slices.Contains(labels, y) || int(y) == some && i < ds.Len()/2 {
				ids = append(ids, i)
			}
		}
		f, err := data.ForgetPositions(ds.Len(), ids)
		if err != nil {
			panic(err)
		}
		return f
	}
}

// TestUntaught: logits of labels that only U has are lowered to where U's examples have the log odds
// that the others had, and no other logit changes.
func TestUntaught(t *testing.T) {
	s, _ := recorded(t, nets.MLP(64, 16, 10), 0.9, ofLabels(7, 3, 5))
	req, u := &Request{System: s}, s.Run.Params
	b := newBudget(1000) // of which 20 examples pay, 10 of either label
	n := req.newUntaught(b)
	require.Equal(t, []int{3, 5}, n.labels)
	require.Len(t, n.retain, 10)
	for label, ids := range n.forget {
		require.Len(t, ids, 10)
		for _, i := range ids {
			require.True(t, s.Forget.Contains(i))
			require.EqualValues(t, label, s.Run.Data.Y[i])
		}
	}
	require.InDelta(t, 10*(1./3+2*5./3), b.spent, 1e-9)
	require.True(t, n.all([]int{3}) && n.all([]int{3, 5}))
	require.False(t, n.all(nil) || n.all([]int{3, 7}))

	logits := func(w *graph.Tensor, ids []int) []float64 {
		z, err := req.logits(w, ids)
		require.NoError(t, err)
		return z
	}
	others, everyone := logits(u, n.retain), make([]int, s.Run.Data.Len())
	for i := range everyone {
		everyone[i] = i
	}
	was := logits(u, everyone)
	require.Greater(t, meanLogOdds(logits(u, n.forget[5]), 10, 5), 1+meanLogOdds(others, 10, 5))
	start := u.Clone()
	u, err := n.lower(u)
	require.NoError(t, err)
	require.Equal(t, start.Float64s(), s.Run.Params.Float64s(), "lower writes elsewhere")
	require.InDelta(t, meanLogOdds(others, 10, 5), meanLogOdds(logits(u, n.forget[5]), 10, 5), 1e-6)
	require.Empty(t, s.Guards)
	for i, z := range logits(u, everyone) {
		if c := i % 10; c == 3 || c == 5 {
			require.Less(t, z, was[i], "layers before the last give what is not negative")
		} else {
			require.Equal(t, z, was[i])
		}
	}

	// What is low enough stays.
	same, err := n.lowerOne(u, 3, logits(start, n.forget[3]))
	require.NoError(t, err)
	require.Same(t, u, same)
	// So does everything where each label is taught, and where no example can be paid for.
	taught := &Request{System: contraction.NewSystem(s.Run, ofLabels(7)(s.Run.Data), s.Record)}
	for _, none := range []*untaught{req.newUntaught(newBudget(10)), taught.newUntaught(b)} {
		same, err = none.lower(u)
		require.NoError(t, err)
		require.Same(t, u, same)
	}
	require.InDelta(t, 10*(1./3+2*5./3), b.spent, 1e-9)
}

// TestUntaughtLastLayer: where the last layer is not linear in its own parameters, logits stay, and that is counted.
func TestUntaughtLastLayer(t *testing.T) {
	arch := nets.Arch{Name: "squashed", Input: []int{64}, Classes: 10, Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
		return p.Dense("out", x, 10, graph.Tanh)
	}}
	s, _ := recorded(t, arch, 0, ofLabels(7, 3))
	req := &Request{System: s}
	u, err := req.newUntaught(newBudget(1000)).lower(s.Run.Params)
	require.NoError(t, err)
	require.Same(t, s.Run.Params, u)
	require.Equal(t, 1, s.Guards[GuardNotScaled])
	c := req.newCheck(newBudget(1e6), Erase{Scale: 0.5})
	_, err = c.scaled(s.Run.Params)
	require.NoError(t, err)
	require.Equal(t, 2, s.Guards[GuardNotScaled])
}
