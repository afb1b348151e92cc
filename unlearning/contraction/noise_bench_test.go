package contraction

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// BenchmarkLogitSumNoise takes D from samples of MNIST and Fashion-MNIST, and reports
// its squared error over ‖D‖² beside the estimate of bySize:
//
//	go test ./unlearning/contraction -run '^$' -bench LogitSumNoise -benchtime 1x
func BenchmarkLogitSumNoise(b *testing.B) {
	if os.Getenv(data.EnvData) == "" {
		b.Skipf("needs MNIST and Fashion-MNIST: set %s to the folder above mnist/ and fashion-mnist/", data.EnvData)
	}
	for _, name := range []string{"mnist", "fashion-mnist"} {
		splits, err := data.Load(name, "")
		require.NoError(b, err)
		ds, err := data.Stratified(splits.Train, 20000, 1)
		require.NoError(b, err)
		for _, net := range []struct {
			arch nets.Arch
			lr   map[string]float64
		}{
			{nets.MLP(784, 100, 10), map[string]float64{"mnist": 0.2, "fashion-mnist": 0.1}},
			{nets.LeNet5(10), map[string]float64{"mnist": 0.05, "fashion-mnist": 0.05}},
		} {
			rec := history.NewRecorder(history.LogitGradients())
			run, err := nets.Train(b.Context(), net.arch, ds, nets.Config{
				Epochs: 5, Batch: 128, LR: nets.Cosine(net.lr[name]), Momentum: 0.9, WeightDecay: 5e-4, Seed: 11, Hooks: []nets.Hook{rec},
			})
			require.NoError(b, err)
			for _, share := range []float64{0.2, 0.5} {
				s := NewSystem(run, data.RandomForget(ds, share, 7), rec.Record())
				alpha, err := s.LogitGradients()
				require.NoError(b, err)
				all := s.logitTerms(alpha)
				draw := bySizeOf(all)
				sample := func(m int, seed uint64) *graph.Tensor {
					d, err := fitted.sum(s, alpha, all, draw, m, rand.New(rand.NewPCG(seed, 5)))
					require.NoError(b, err)
					return d.Sum
				}
				exact := sample(len(all), 0)
				for _, m := range []int{1000, 2500, 5000} {
					b.Run(fmt.Sprintf("%s/%s/r=%g/%d", name, net.arch.Name, share, m), func(b *testing.B) {
						var noise float64
						const seeds = 5
						for seed := range uint64(seeds) {
							d := sample(m, seed)
							vector.AddScaled(d, -1, exact)
							noise += vector.Dot(d, d) / vector.Dot(exact, exact) / seeds
						}
						for b.Loop() {
							sample(m, 0)
						}
						b.ReportMetric(noise, "noise")
						b.ReportMetric(draw.noise(m), "estimate")
					})
				}
			}
		}
	}
}
