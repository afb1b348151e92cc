package unlearning

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestMost: three fifths of the data are the most that is taken back, less the longer the run was wrong, and
// the shorter it was.
func TestMost(t *testing.T) {
	run := func(epochs, steps int) *nets.Run {
		return &nets.Run{Steps: steps, Order: data.Order{N: 100, Batch: 100 * epochs / steps}}
	}
	long := run(1000, 1000)
	require.InDelta(t, 0.6, learned{}.most(long), 1e-3)
	require.InDelta(t, 0.6*0.875, learned{errors: 0.5}.most(long), 1e-3)
	require.InDelta(t, 0.4, learned{}.most(run(1, 10)), 1e-12)
	require.InDelta(t, 0.5, learned{}.most(run(2, 20)), 1e-12)
	require.InDelta(t, 0, learned{}.most(&nets.Run{Steps: 1, Order: data.Order{N: 100, Batch: 10}}), 1e-12, "a tenth of an epoch")
}

// TestDoubt: D is believed where U and the others taught much in common and it is no longer than
// what examples of independent directions would have moved the run.
func TestDoubt(t *testing.T) {
	s, _ := recorded(t, nets.MLP(64, 16, 10), 0, fifth)
	req := &Request{System: s}
	way := s.Model.NewVector()
	vector.Combine(way, 1, s.Run.Params, -1, s.Run.Initial)
	var noise float64
	of := func(length, common float64) string {
		sum := s.Model.NewVector()
		vector.Combine(sum, length/2*math.Sqrt(req.share()), way, 0, way)
		return erasure{by: Erase{Strength: 100}, usual: 2, d: &contraction.LogitSum{Sum: sum, Common: common, Noise: noise}}.doubt(req, learned{})
	}
	for _, common := range []float64{0.25, 0.5, 1} {
		require.Empty(t, of(3.4, common))
		require.Contains(t, of(3.6, common), "3.6 times")
	}
	// Of a run of four epochs 0.55 of the data at most, of which the cosine leaves a fifth at −0.07.
	require.Empty(t, of(1, -0.06))
	require.Contains(t, of(1, -0.08), "a cosine of -0.08")
	require.Contains(t, of(1, -1), "little in common")
	require.Empty(t, of(1, math.NaN()), "one of the sums is 0")
	noise = 0.3
	require.Empty(t, of(1, -1), "a sample that does not tell")
	require.Contains(t, of(3.6, -1), "3.6 times")

	// Of less than a tenth the cosine says nothing.
	noise = 0
	few, err := data.ForgetPositions(s.Run.Data.Len(), []int{0, 1, 2})
	require.NoError(t, err)
	s.Forget = few
	require.Empty(t, of(1, -1))
}

// TestTaughtAgain: a visit to each example that moves its logits all of the way brings back half of the way to w_0.
func TestTaughtAgain(t *testing.T) {
	require.InDelta(t, 0.5, taughtAgain(1, 1), 1e-12)
	require.InDelta(t, 0.06, taughtAgain(0.2, 0.6), 1e-12)
	require.InDelta(t, 0, taughtAgain(0, 1), 1e-12)
	require.True(t, math.IsInf(taughtAgain(1, math.NaN()), 1))
	require.True(t, math.IsInf(taughtAgain(1, 0), 1))
}

// TestNotVisited: of a run that ended before it came to U nothing is taken back, however short it was.
func TestNotVisited(t *testing.T) {
	ds := data.Digits().Train
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), nets.MLP(64, 16, 10), ds, nets.Config{Steps: 4, Batch: 50, LR: nets.Cosine(0.05), Seed: 3, Hooks: []nets.Hook{rec}})
	require.NoError(t, err)
	seen := map[int]bool{}
	for _, i := range run.Order.Epoch(0)[:200] {
		seen[i] = true
	}
	var unseen []int
	for i := range ds.Len() {
		if !seen[i] && len(unseen) < 20 {
			unseen = append(unseen, i)
		}
	}
	u, err := data.ForgetPositions(ds.Len(), unseen)
	require.NoError(t, err)
	res, err := Mini{}.Unlearn(t.Context(), Problem{Run: run, Forget: u, History: rec.Record()})
	require.NoError(t, err)
	require.Equal(t, RouteNothing, res.Route)
	require.Equal(t, run.Params.Float32s(), res.Params.Float32s())
	require.Zero(t, res.GradEvals)
}

// TestCheckSize: a fiftieth of the budget, 100 examples at most, and where that is a handful 16, if a sixteenth pays for it.
func TestCheckSize(t *testing.T) {
	for budget, want := range map[float64]int{math.Inf(1): 100, 1e5: 100, 2000: 40, 800: 16, 500: 16, 256: 16, 64: 4, 15: 0} {
		require.Equal(t, want, checkSize(budget), budget)
	}
}

// TestNoHarm: of noisy tables that a small network learned for long, and of runs of one and two epochs, Mini
// leaves nothing further from retraining, in mean KL over three seeds, than the model was or another seed is,
// whichever is further. The contraction and a start of r of the way back did.
func TestNoHarm(t *testing.T) {
	if testing.Short() {
		t.Skip("trains dozens of networks")
	}
	noisy, err := data.Open(t.Context(), "higgs-like?n=3000&seed=4")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		ds     *data.Dataset
		net    nets.Arch
		epochs int
		share  float64
	}{
		"noisy, a fifth":    {noisy.Train, nets.MLP(28, 50, 2), 40, 0.2},
		"noisy, two fifths": {noisy.Train, nets.MLP(28, 50, 2), 40, 0.4},
		"one epoch, 70%":    {data.Digits().Train, nets.MLP(64, 60, 10), 1, 0.7},
		"two epochs, 70%":   {data.Digits().Train, nets.MLP(64, 60, 10), 2, 0.7},
	} {
		t.Run(name, func(t *testing.T) {
			var mini, before, other []float64
			for seed := range uint64(3) {
				train := func(seed uint64) Problem {
					rec := history.NewRecorder(history.LogitGradients())
					run, err := nets.Train(t.Context(), c.net, c.ds, nets.Config{
						Epochs: c.epochs, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 50 + seed, Hooks: []nets.Hook{rec},
					})
					require.NoError(t, err)
					return Problem{Run: run, Forget: data.RandomForget(c.ds, c.share, seed), History: rec.Record()}
				}
				of := func(m Method, p Problem) *graph.Tensor {
					res, err := m.Unlearn(t.Context(), p)
					require.NoError(t, err)
					if m.Name() == "mini" {
						require.Equal(t, RouteRestart, res.Route)
						require.LessOrEqual(t, res.GradEvals, 0.2*RetrainCost(p))
					}
					return res.Params
				}
				p := train(seed)
				retrained := of(Retrain{}, p)
				kl := func(w *graph.Tensor) float64 { return divergence(t, p.Run, p.Forget, retrained, w) }
				mini, before = append(mini, kl(of(Mini{}, p))), append(before, kl(p.Run.Params))
				another := train(10 + seed)
				another.Forget = p.Forget
				other = append(other, kl(of(Retrain{}, another)))
			}
			require.Less(t, stat.Mean(mini, nil), max(stat.Mean(before, nil), stat.Mean(other, nil)), "%v, before %v, other %v", mini, before, other)
		})
	}
}

// divergence is the mean of KL(softmax z(v) ‖ softmax z(w)) over U.
func divergence(t *testing.T, run *nets.Run, u data.ForgetSet, v, w *graph.Tensor) float64 {
	t.Helper()
	k := run.Model.Arch().Classes
	logits := func(p *graph.Tensor) []float64 {
		of := run.Data.Subset(u.Positions())
		z, err := run.Model.Logits(t.Context(), p, of.X, of.Len())
		require.NoError(t, err)
		for i := 0; i < len(z); i += k {
			logSoftmax(z[i : i+k])
		}
		return z
	}
	a, b := logits(v), logits(w)
	var sum float64
	for i := range a {
		sum += math.Exp(a[i]) * (a[i] - b[i])
	}
	return sum / float64(u.Len())
}

func logSoftmax(z []float64) {
	var sum float64
	for _, v := range z {
		sum += math.Exp(v - z[0])
	}
	by := z[0] + math.Log(sum)
	for i := range z {
		z[i] -= by
	}
}
