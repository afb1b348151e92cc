package nets_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// long skips a test that does not belong to the fast tier.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("set MINIUNLEARN_LONG=1 to run the long tier")
	}
}

// load returns the training and test data of a set, standardised.
func load(t *testing.T, name string) (train, test *data.Dataset) {
	t.Helper()
	if os.Getenv(data.EnvData) == "" {
		t.Skipf("set %s to the folder that holds %s", data.EnvData, name)
	}
	s, err := data.Load(name, "")
	require.NoError(t, err)
	ds := data.Standardize(s.Train, s.Test)
	return ds[0], ds[1]
}

// TestAccuracy trains as an efficient run would, and asks for the accuracy that
// the architectures are known to reach.
func TestAccuracy(t *testing.T) {
	long(t)
	for _, c := range []struct {
		spec, data string
		cfg        nets.Config
		want       float64 // percent of the test set
		within     time.Duration
	}{
		{"mlp:784-200-10", "mnist", nets.Config{
			Epochs: 10, Batch: 64, LR: nets.CosineRate{Peak: 0.05, Warmup: 0.05}, Momentum: 0.9, WeightDecay: 1e-4, Seed: 1,
		}, 98.0, 0},
		{"lenet5", "mnist", nets.Config{
			Epochs: 5, Batch: 64, LR: nets.CosineRate{Peak: 0.03, Warmup: 0.05}, Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
		}, 98.9, 0},
		// The time is that of two cores that have nothing else to do.
		{"resnet8", "cifar10", nets.Config{
			Epochs: 16, Batch: 64, LR: nets.CosineRate{Peak: 0.1, Warmup: 0.1}, Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
			Augment: nets.Augment{Flip: true},
		}, 75.0, 20 * time.Minute},
	} {
		t.Run(c.spec, func(t *testing.T) {
			train, test := load(t, c.data)
			arch, err := nets.Parse(c.spec, train)
			require.NoError(t, err)
			c.cfg.Hooks = []nets.Hook{epochLog(t, train.Len())}
			start := time.Now()
			run, err := nets.Train(t.Context(), arch, train, c.cfg)
			require.NoError(t, err)
			took := time.Since(start)
			acc, err := run.Classifier().Accuracy(t.Context(), test)
			require.NoError(t, err)
			t.Logf("%s: %.2f%% after %d epochs in %v, losses %.4f", c.spec, acc, c.cfg.Epochs, took.Round(time.Second), run.Losses)
			require.GreaterOrEqual(t, acc, c.want)
			if c.within > 0 && took > c.within {
				t.Errorf("took %v, more than %v", took, c.within)
			}
		})
	}
}

// epochLog reports the pace of training, once an epoch.
func epochLog(t *testing.T, n int) nets.Hook {
	last, epoch, sum, seen := time.Now(), 0, 0.0, 0
	return nets.StepFunc(func(s nets.Step) error {
		if s.Epoch != epoch {
			t.Logf("epoch %d: %.1f s, %.0f examples/s, loss %.4f", epoch, time.Since(last).Seconds(), float64(n)/time.Since(last).Seconds(), sum/float64(seen))
			last, epoch, sum, seen = time.Now(), s.Epoch, 0, 0
		}
		sum += s.Loss * float64(len(s.Batch))
		seen += len(s.Batch)
		return nil
	})
}
