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

// ofLabels forgets all examples with labels, and half of those with another.
func ofLabels(half int32, labels ...int32) func(ds *data.Dataset) data.ForgetSet {
	return func(ds *data.Dataset) data.ForgetSet {
		var ids []int
		for i, y := range ds.Y {
			if slices.Contains(labels, y) || y == half && i < ds.Len()/2 {
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
	evals := req.Model.GradEvals()
	b := newBudget(1000) // of which 2% pay for 20 of the others, and 10 with either label
	n, err := req.newUntaught(b)
	require.NoError(t, err)
	require.Equal(t, []int{3, 5}, n.labels)
	require.Len(t, n.retain, 20)
	for label, ids := range n.forget {
		require.Len(t, ids, 10)
		for _, i := range ids {
			require.True(t, s.Forget.Contains(i))
			require.EqualValues(t, label, s.Run.Data.Y[i])
		}
	}
	logits := func(w *graph.Tensor, ids []int) []float64 {
		z := make([]float64, 10*len(ids))
		require.NoError(t, s.Run.Model.LogitsAs(s.LastView(), w, s.Run.Data, ids, z))
		return z
	}
	others, everyone := logits(u, n.retain), make([]int, s.Run.Data.Len())
	for i := range everyone {
		everyone[i] = i
	}
	was, start := logits(u, everyone), u.Float64s()
	u, err = n.lower(u)
	require.NoError(t, err)
	require.InDelta(t, b.spent, req.Model.GradEvals()-evals, 1e-9)
	require.Equal(t, start, s.Run.Params.Float64s(), "lower writes elsewhere")
	require.Empty(t, s.Guards)
	for _, label := range n.labels {
		require.Greater(t, n.logOdds(logits(s.Run.Params, n.forget[label]), label), 1+n.logOdds(others, label))
		require.InDelta(t, n.logOdds(others, label), n.logOdds(logits(u, n.forget[label]), label), 1e-9)
	}
	for i, z := range logits(u, everyone) {
		if c := i % 10; c == 3 || c == 5 {
			require.Less(t, z, was[i], "where features are not negative, no logit of the labels gets larger")
		} else {
			require.Equal(t, z, was[i])
		}
	}
}

// TestUntaughtAllButOne: labels are lowered against those that are taught, so that each has its target whatever
// the others have.
func TestUntaughtAllButOne(t *testing.T) {
	s, _ := recorded(t, nets.MLP(64, 16, 10), 0.9, ofLabels(9, 0, 1, 2, 3, 4, 5, 6, 7, 8))
	req := &Request{System: s}
	n, err := req.newUntaught(newBudget(1e4))
	require.NoError(t, err)
	others, err := req.logits(s.Run.Params, n.retain)
	require.NoError(t, err)
	u, err := n.lower(s.Run.Params)
	require.NoError(t, err)
	for label := range 9 {
		z, err := req.logits(u, n.forget[label])
		require.NoError(t, err)
		require.InDelta(t, n.logOdds(others, label), n.logOdds(z, label), 1e-9)
	}
}

// TestUntaughtNothing: where every label is taught nothing is done or spent.
func TestUntaughtNothing(t *testing.T) {
	s, _ := recorded(t, nets.MLP(64, 16, 10), 0.9, ofLabels(7))
	b := newBudget(1000)
	n, err := (&Request{System: s}).newUntaught(b)
	require.NoError(t, err)
	u, err := n.lower(s.Run.Params)
	require.NoError(t, err)
	require.Same(t, s.Run.Params, u)
	require.Zero(t, b.spent)
	require.Empty(t, s.Guards)
}

// TestNotLowered: what cannot be lowered stays, and that is counted.
func TestNotLowered(t *testing.T) {
	dense := func(act graph.Act) nets.Arch {
		return nets.Arch{Name: "dense", Input: []int{64}, Classes: 10, Logits: func(p *nets.Params, x *graph.Node) *graph.Node { return p.Dense("out", x, 10, act) }}
	}
	request := func(act graph.Act) (*Request, *contraction.System) {
		s, _ := recorded(t, dense(act), 0, ofLabels(7, 3))
		return &Request{System: s}, s
	}
	counted := func(s *contraction.System, n *untaught, u *graph.Tensor) {
		t.Helper()
		got, err := n.lower(u)
		require.NoError(t, err)
		require.Same(t, u, got)
		require.Equal(t, map[Guard]int{GuardNotLowered: 1}, s.Guards)
	}
	// A last layer that is not linear.
	req, s := request(graph.Tanh)
	n, err := req.newUntaught(newBudget(1000))
	require.NoError(t, err)
	counted(s, n, s.Run.Params)
	_, err = req.newCheck(newBudget(1e6), Erase{Scale: 0.5}).scaled(s.Run.Params)
	require.NoError(t, err)
	require.Equal(t, 1, s.Guards[GuardNotScaled])

	// No budget for a single example.
	req, s = request(graph.Identity)
	n, err = req.newUntaught(newBudget(15))
	require.NoError(t, err)
	counted(s, n, s.Run.Params)

	// Labels that would go to the others: an example of another sign than U's.
	req, s = request(graph.Identity)
	opposite := *s.Run.Data
	opposite.X = slices.Clone(opposite.X)
	for _, i := range req.Retain {
		for f := range opposite.Row(i) {
			opposite.Row(i)[f] *= -20
		}
	}
	s.Run.Data = &opposite
	n, err = req.newUntaught(newBudget(1000))
	require.NoError(t, err)
	counted(s, n, s.Run.Params)
}

// TestUntaughtStart: training starts r of the way back, and so much of the rest further as U differs.
func TestUntaughtStart(t *testing.T) {
	n := &untaught{forget: map[int][]int{3: {1}, 5: {2}}}
	class := func(labels ...int) unlike { return unlike{guard: GuardClassLike, labels: labels} }
	require.InDelta(t, 0.7+0.5*0.4*0.3, n.start(0.7, learned{errors: 0.4}, unlike{}), 1e-12)
	require.InDelta(t, 0.1+0.3*0.9, n.start(0.1, learned{errors: 0.4}, unlike{doubtful: true}), 1e-12)
	require.InDelta(t, 0.1+0.4*0.9, n.start(0.1, learned{errors: 0.8}, unlike{doubtful: true}), 1e-12)
	require.InDelta(t, 0.1+0.5*0.9, n.start(0.1, learned{errors: 3}, unlike{}), 1e-12, "of a run that broke down")
	require.InDelta(t, 0.1+0.2*0.9, n.start(0.1, learned{errors: 0.4}, class(3)), 1e-12)
	require.InDelta(t, 0.1+0.2*0.9, n.start(0.1, learned{errors: 0.4}, class(3, 5)), 1e-12)
	require.InDelta(t, 0.1+0.5*0.9, n.start(0.1, learned{errors: 0.4}, class(3, 7)), 1e-12)
	require.InDelta(t, 0.1+0.5*0.9, n.start(0.1, learned{errors: 0.4}, unlike{guard: GuardConflicting}), 1e-12)
}
