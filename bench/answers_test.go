package bench

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// two returns answers of two classes from logits (log odds, 0), all labels 0,
// for which φ is the log odds themselves.
func two(odds ...float64) answers {
	a := answers{classes: 2, labels: make([]int32, len(odds))}
	for _, o := range odds {
		a.z = append(a.z, o, 0)
	}
	return a
}

func TestAskNothing(t *testing.T) {
	m, err := nets.NewModel(nets.MLP(64, 10), nil, graph.Float32)
	require.NoError(t, err)
	a, err := ask(t.Context(), nets.Classifier{Model: m, Params: m.NewVector()}, data.Digits().Test.Subset(nil), 10)
	require.NoError(t, err)
	require.Equal(t, 10, a.classes)
	require.Empty(t, a.z)
}

func TestExcess(t *testing.T) {
	e, err := excess(two(1, 2, 6), two(-1, 0, 2, 3))
	require.NoError(t, err)
	require.InDelta(t, 3-1, e, 1e-15)

	// Three classes: φ = 2 − log(e⁰ + e¹).
	three := answers{[]float64{2, 0, 1}, 3, []int32{0}}
	e, err = excess(three, two(0))
	require.NoError(t, err)
	require.InDelta(t, 2-math.Log(1+math.E), e, 1e-15)
}

func TestKL(t *testing.T) {
	half, quarter := two(0), two(-math.Log(3)) // p = ½ and ¼
	want := 0.5*math.Log(0.5/0.25) + 0.5*math.Log(0.5/0.75)
	require.InDelta(t, want, float64(quarter.klFrom(half)), 1e-15)
	require.InDelta(t, 0.25*math.Log(0.25/0.5)+0.75*math.Log(0.75/0.5), float64(half.klFrom(quarter)), 1e-15, "the direction matters")
	require.Zero(t, two(1, 2, 3).klFrom(two(1, 2, 3)))
	require.InDelta(t, want/2, float64(two(-math.Log(3), 5).klFrom(two(0, 5))), 1e-15, "the mean over examples")
	require.InDelta(t, 1000, float64(two(-1000).klFrom(two(1000))), 1e-9, "far logits stay finite")
}

func TestKS(t *testing.T) {
	// F_a jumps at 0 and 1, F_b at 1 and 2: they differ by ½ on [0, 2).
	ks, err := gapKS(two(0, 1), two(1, 2))
	require.NoError(t, err)
	require.EqualValues(t, 0.5, ks)
}

func TestLossAUC(t *testing.T) {
	// Of the four pairs the member's loss is smaller in three.
	auc, err := lossAUC(two(3, 1), two(2, 0))
	require.NoError(t, err)
	require.EqualValues(t, 0.75, auc)
}

func TestAccuracy(t *testing.T) {
	acc, err := two(1, -1, 2, 3).accuracy()
	require.NoError(t, err)
	require.EqualValues(t, 75.0, acc)
	picked, err := two(1, -1, 2, 3).at([]int{3, 1}).accuracy()
	require.NoError(t, err)
	require.EqualValues(t, 50.0, picked)
}

func TestExcessRemovedIsMissing(t *testing.T) {
	// ē = 0, standard deviation 0.1: 0.29 above is within three, 0.31 is not.
	floor := []float64{-0.1, 0.1, -0.1, 0.1, 0}
	for _, c := range []struct {
		before float64
		exists bool
	}{{0.29, false}, {0.31, true}} {
		x, err := attacks.ExcessRemoved(c.before, 0.1, floor)
		require.NoError(t, err)
		require.Equal(t, c.exists, x.Exists(), "before %g", c.before)
	}
}
