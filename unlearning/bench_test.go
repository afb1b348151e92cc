package unlearning_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// BenchmarkMiniConvex compares what a convex request takes, of replayed
// retraining, in seconds and in gradient evaluations: MNIST logistic regression
// at DeltaGrad's setting, the two by turns, medians. Seconds should be no more
// than the evaluations say:
//
//	go test ./unlearning -run '^$' -bench MiniConvex -benchtime 5x
func BenchmarkMiniConvex(b *testing.B) {
	if os.Getenv(data.EnvData) == "" {
		b.Skipf("needs MNIST: set %s to the folder above mnist/", data.EnvData)
	}
	splits, err := data.Load("mnist", "")
	require.NoError(b, err)
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(b.Context(), nets.Logistic(784, 10), splits.Train, nets.Config{
		Epochs: 32, Batch: 16384, LR: nets.ConstantRate(0.1), WeightDecay: 0.005, Seed: 1, Hooks: []nets.Hook{rec},
	})
	require.NoError(b, err)
	for _, r := range []float64{0.01, 0.05, 0.1, 0.2, 0.3, 0.5} {
		b.Run(fmt.Sprint("r=", r), func(b *testing.B) {
			compareSeconds(b, unlearning.Problem{Run: run, Forget: data.RandomForget(run.Data, r, 1), History: rec.Record()})
		})
	}
}

// BenchmarkMiniNetworks is the same for networks on MNIST, which forget a fifth. GOMAXPROCS
// has to be set before the start to choose the cores:
//
//	GOMAXPROCS=1 go test ./unlearning -run '^$' -bench MiniNetworks -benchtime 20x
func BenchmarkMiniNetworks(b *testing.B) {
	if os.Getenv(data.EnvData) == "" {
		b.Skipf("needs MNIST: set %s to the folder above mnist/", data.EnvData)
	}
	splits, err := data.Load("mnist", "")
	require.NoError(b, err)
	for _, net := range []struct {
		name string
		n    int
	}{{"mlp:784-100-10", 20000}, {"mlp:784-200-10", 10000}, {"lenet5", 6000}} {
		b.Run(net.name, func(b *testing.B) {
			arch, err := nets.Parse(net.name, splits.Train)
			require.NoError(b, err)
			first := make([]int, net.n)
			for i := range first {
				first[i] = i
			}
			rec := history.NewRecorder(history.LogitGradients())
			run, err := nets.Train(b.Context(), arch, splits.Train.Subset(first), nets.Config{
				Epochs: 5, Batch: 128, LR: nets.CosineRate{Peak: 0.2}, Momentum: 0.9, WeightDecay: 0.0005, Seed: 1, Hooks: []nets.Hook{rec},
			})
			require.NoError(b, err)
			compareSeconds(b, unlearning.Problem{Run: run, Forget: data.RandomForget(run.Data, 0.2, 1), History: rec.Record()})
		})
	}
}

// compareSeconds reports what Mini takes of replayed retraining.
func compareSeconds(b *testing.B, p unlearning.Problem) {
	var seconds [2][]float64
	var evals [2]float64
	for b.Loop() {
		for i, m := range []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}} {
			res, err := m.Unlearn(b.Context(), p)
			require.NoError(b, err)
			seconds[i] = append(seconds[i], res.Elapsed.Seconds())
			evals[i] = res.GradEvals
		}
	}
	b.ReportMetric(median(seconds[0]), "mini-s")
	b.ReportMetric(median(seconds[0])/median(seconds[1]), "seconds/retrain")
	b.ReportMetric(evals[0]/evals[1], "evals/retrain")
	b.ReportMetric(0, "ns/op")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
