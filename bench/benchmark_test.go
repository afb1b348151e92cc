package bench_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
)

// BenchmarkMethods is requests on digits and, where there are data, on MNIST:
//
//	go test ./bench -run '^$' -bench Methods -count 6 | benchstat -
func BenchmarkMethods(b *testing.B) {
	methods, err := unlearning.Parse("mini:0.1", "mini:0.2", "fast-retrain:0.2", "finetune:0.2", "rewind:0.2", "retrain")
	require.NoError(b, err)
	cfg := nets.Config{Epochs: 20, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1}
	for _, forget := range []string{"random:0.01", "random:0.2", "random:0.5", "class:3"} {
		bench.BenchmarkMethod(b, bench.Experiment{Data: data.Digits(), Arch: nets.MLP(64, 128, 10), Config: cfg, Forget: forget, Methods: methods})
	}
	if os.Getenv(data.EnvData) == "" {
		b.Logf("without MNIST: set %s to the folder above mnist/", data.EnvData)
		return
	}
	mnist, err := data.Load("mnist", "")
	require.NoError(b, err)
	cfg.Epochs, cfg.Batch = 5, 128
	for _, net := range []string{"mlp:784-200-10", "lenet5"} {
		arch, err := nets.Parse(net, mnist.Train)
		require.NoError(b, err)
		for _, forget := range []string{"random:0.01", "random:0.2", "random:0.5"} {
			bench.BenchmarkMethod(b, bench.Experiment{Data: mnist, N: 10000, Arch: arch, Config: cfg, Forget: forget, Methods: methods})
		}
	}
}

// TestBenchmarkMethod: every method is measured under a name of its own, also one that
// has another's cost.
func TestBenchmarkMethod(t *testing.T) {
	time := flag.Lookup("test.benchtime")
	was := time.Value.String()
	require.NoError(t, time.Value.Set("1x"))
	defer func() { require.NoError(t, time.Value.Set(was)) }()
	methods, err := unlearning.Parse("before", "mini", "fast-retrain", "retrain")
	require.NoError(t, err)
	e := bench.Experiment{Data: data.Digits(), N: 200, Arch: nets.MLP(64, 12, 10), Config: nets.Config{Epochs: 2}, Forget: "random:0.2", Methods: methods}
	r := testing.Benchmark(func(b *testing.B) { bench.BenchmarkMethod(b, e) })
	require.Positive(t, r.N)
	e.Forget = "class:11"
	r = testing.Benchmark(func(b *testing.B) { bench.BenchmarkMethod(b, e) })
	require.Zero(t, r.N)
}
