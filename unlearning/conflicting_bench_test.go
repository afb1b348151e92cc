package unlearning_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// BenchmarkConflicting forgets examples that are not like the others: those with
// random wrong labels, as many again with right ones among them ("half"), and those
// with the largest logit gradients ("hardest"); beside them random sets, also of data of which
// a fifth has wrong labels ("noisy"). It reports the cosine and the part by which
// Mini tells sets that taught against the others, and the divergence from replayed
// retraining on the test set, in nats: before, of Erase, and of training on for the
// half of the cost that Erase leaves when it stops there, from w_T and from w_T/2:
//
//	go test ./unlearning -run '^$' -bench Conflicting -benchtime 1x
func BenchmarkConflicting(b *testing.B) {
	if os.Getenv(data.EnvData) == "" {
		b.Skipf("needs MNIST and Fashion-MNIST: set %s to the folder above mnist/ and fashion-mnist/", data.EnvData)
	}
	for _, name := range []string{"mnist", "fashion-mnist"} {
		splits, err := data.Load(name, "")
		require.NoError(b, err)
		for _, n := range []int{2000, 20000} {
			clean, err := data.Stratified(splits.Train, n, 1)
			require.NoError(b, err)
			for _, kind := range []string{"random", "noisy", "hardest", "half", "wrong"} {
				for _, share := range []float64{0.01, 0.02, 0.05, 0.1, 0.2} {
					b.Run(fmt.Sprintf("%s/%d/%s/%g", name, n, kind, share), func(b *testing.B) {
						var m conflict
						for b.Loop() {
							m = forgetConflicting(b, clean, splits.Test, kind, share)
						}
						b.ReportMetric(m.cosine, "cosine")
						b.ReportMetric(m.part, "part")
						b.ReportMetric(m.before, "KL-before")
						b.ReportMetric(m.erase, "KL-erase")
						b.ReportMetric(m.tune, "KL-tune")
						b.ReportMetric(m.shrunk, "KL-shrunk")
						b.ReportMetric(0, "ns/op")
					})
				}
			}
		}
	}
}

type conflict struct{ cosine, part, before, erase, tune, shrunk float64 }

func forgetConflicting(b *testing.B, clean, test *data.Dataset, kind string, share float64) (m conflict) {
	ds := *clean
	ids := data.RandomForget(clean, share, 3).Positions()
	if kind == "wrong" || kind == "half" || kind == "noisy" {
		ds.Y = slices.Clone(clean.Y)
		r := rand.New(rand.NewPCG(1, 2))
		wrong := ids
		if kind == "noisy" {
			wrong = data.RandomForget(clean, 0.2, 4).Positions()
		}
		for j, i := range wrong {
			if kind != "half" || j%2 == 0 {
				ds.Y[i] = (ds.Y[i] + 1 + int32(r.IntN(9))) % 10
			}
		}
	}
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(b.Context(), nets.MLP(784, 100, 10), &ds, nets.Config{
		Epochs: 5, Batch: 128, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 5e-4, Seed: 11, Hooks: []nets.Hook{rec},
	})
	require.NoError(b, err)
	if kind == "hardest" {
		alpha, _, err := rec.Record().LogitGradients()
		require.NoError(b, err)
		ids = hardest(alpha, len(ids))
	}
	p := unlearning.Problem{Run: run, History: rec.Record()}
	p.Forget, err = data.ForgetPositions(ds.Len(), ids)
	require.NoError(b, err)

	v := logProbabilities(b, unlearning.Retrain{}, p, test)
	m.before = divergence(v, logits(b, p, run.Params, test))
	m.erase = divergence(v, logProbabilities(b, unlearning.Erase{}, p, test))
	m.tune = divergence(v, logProbabilities(b, baselines.FineTune{Short: unlearning.Short{Cost: 0.1}}, p, test))
	m.shrunk = divergence(v, logProbabilities(b, unlearning.ShortRun{Short: unlearning.Short{Cost: 0.1}, Start: 1, Shrink: 0.5}, p, test))
	m.cosine, m.part, err = unlearning.Conflict(p, int(0.1*unlearning.RetrainCost(p)))
	require.NoError(b, err)
	return m
}

// hardest returns the examples with the largest logit gradients, ascending.
func hardest(alpha *graph.Tensor, count int) []int {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	ids, size := make([]int, n), make([]float64, n)
	for i := range ids {
		ids[i] = i
		for c := range k {
			size[i] += math.Abs(alpha.At(i*k + c))
		}
	}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	ids = ids[:count]
	slices.Sort(ids)
	return ids
}

func logProbabilities(b *testing.B, m unlearning.Method, p unlearning.Problem, ds *data.Dataset) []float64 {
	res, err := m.Unlearn(b.Context(), p)
	require.NoError(b, err)
	return logits(b, p, res.Params, ds)
}

func logits(b *testing.B, p unlearning.Problem, w *graph.Tensor, ds *data.Dataset) []float64 {
	z, err := p.Run.Model.Clone().Logits(b.Context(), w, ds.X, ds.Len())
	require.NoError(b, err)
	return z
}

// divergence returns the mean KL(softmax v ‖ softmax u) of ten classes.
func divergence(v, u []float64) (mean float64) {
	n := len(v) / 10
	for i := range n {
		a, b := v[10*i:10*i+10], u[10*i:10*i+10]
		la, lb := floats.LogSumExp(a), floats.LogSumExp(b)
		for c := range a {
			mean += math.Exp(a[c]-la) * (a[c] - la - b[c] + lb) / float64(n)
		}
	}
	return mean
}
