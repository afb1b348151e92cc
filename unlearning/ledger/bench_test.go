package ledger_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// BenchmarkRequests is a ledger of 50 000 examples of MNIST and a network, from which ten
// people with a hundred examples each are forgotten one after the other, each as soon
// as it has asked: the time of a request, from Forget to the receipt, with the record
// rewritten and all files on disk, beside that of retraining in the same ledger.
func BenchmarkRequests(b *testing.B) {
	mnist, err := data.Load("mnist", "")
	if err != nil {
		b.Skip(err)
	}
	ds := mnist.Train.Subset(upTo(50000))
	ds.IDs, ds.Keys = nil, make([]string, ds.Len())
	for i := range ds.Keys {
		ds.Keys[i] = fmt.Sprintf("person-%03d", i/100)
	}
	unseen := mnist.Train.Subset(upTo(mnist.Train.Len())[50000:])
	for _, network := range []struct {
		arch nets.Arch
		cfg  nets.Config
	}{
		{nets.MLP(784, 200, 10), nets.Config{Epochs: 5, Batch: 128, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1}},
		{nets.Logistic(784, 10), nets.Config{Epochs: 32, Batch: 10000, LR: nets.ConstantRate(0.1), WeightDecay: 5e-3, Seed: 1}},
	} {
		b.Run(network.arch.Name, func(b *testing.B) {
			policy := unlearning.Mini{}.History(unlearning.Plan{Model: model(b, network.arch), Data: ds, Config: network.cfg})
			var requests, retrainings []float64
			var bytes int64
			for b.Loop() {
				dir := filepath.Join(b.TempDir(), "run")
				_, _, err := history.Train(b.Context(), dir, policy, network.arch, ds, network.cfg)
				require.NoError(b, err)
				l, err := ledger.Create(b.Context(), dir, ds, ledger.Options{Key: key, Unseen: unseen})
				require.NoError(b, err)
				serve := func(m unlearning.Method, id string) float64 {
					_, err := l.Request(id)
					require.NoError(b, err)
					began := time.Now()
					_, err = l.Forget(b.Context(), m)
					require.NoError(b, err)
					return time.Since(began).Seconds()
				}
				for i := range 10 {
					requests = append(requests, serve(unlearning.Mini{}, fmt.Sprintf("person-%03d", 7+40*i)))
				}
				retrainings = append(retrainings, serve(unlearning.Retrain{}, "person-499"))
				_, rec := l.Run()
				bytes = rec.Bytes()
				require.NoError(b, l.Close())
			}
			slices.Sort(requests)
			slices.Sort(retrainings)
			b.ReportMetric(requests[len(requests)/2], "s/request")
			b.ReportMetric(requests[len(requests)-1], "s/slowest-request")
			b.ReportMetric(retrainings[len(retrainings)/2], "s/retraining")
			b.ReportMetric(float64(bytes)/1e6, "MB-of-record")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func model(b *testing.B, arch nets.Arch) *nets.Model {
	m, err := nets.NewModel(arch, nil, 0)
	require.NoError(b, err)
	return m
}
