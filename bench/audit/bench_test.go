package audit

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// BenchmarkAudit is an audit of a method with few models of digits, its training
// apart from its analysis.
func BenchmarkAudit(b *testing.B) {
	digits, err := data.Stratified(data.Digits().Train, 400, 1)
	require.NoError(b, err)
	cfg := Config{
		Data: digits, Arch: nets.MLP(64, 32, 10), Train: nets.Config{Epochs: 10, Batch: 32, Momentum: 0.9, Seed: 1},
		Methods: []Subject{{Method: unlearning.Mini{}}}, Shadows: 20, Targets: 10, Fit: attacks.Shrunk,
	}
	dirs, k := b.TempDir(), 0
	fresh := func(b *testing.B) {
		k++
		cfg.Dir = filepath.Join(dirs, fmt.Sprint(k))
		require.NoError(b, Train(b.Context(), cfg))
	}
	b.Run("digits/mlp:64-32-10/mini/what=train", func(b *testing.B) {
		for b.Loop() {
			fresh(b)
		}
		b.ReportMetric(float64((cfg.Shadows+cfg.Targets)*b.N)/b.Elapsed().Seconds(), "models/s")
	})
	b.Run("digits/mlp:64-32-10/mini/what=analyse", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer() // an analysis is kept in its folder
			fresh(b)
			b.StartTimer()
			_, err := Analyse(b.Context(), cfg)
			require.NoError(b, err)
		}
	})
}
