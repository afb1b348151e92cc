package images

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkCIFAR10 decodes the 60 000 JPEGs of CIFAR-10's zip.
//
//	MINIUNLEARN_DATA=… go test ./data/images -run '^$' -bench CIFAR10
func BenchmarkCIFAR10(b *testing.B) {
	path := filepath.Join(os.Getenv("MINIUNLEARN_DATA"), "cifar10", "cifar10-images.zip")
	if _, err := os.Stat(path); err != nil {
		b.Skipf("MINIUNLEARN_DATA names no folder with cifar10/: %v", err)
	}
	images := 0
	for b.Loop() {
		s, err := List(b.Context(), path)
		require.NoError(b, err)
		shape, err := s.Measure(b.Context(), Shape{})
		require.NoError(b, err)
		x := make([]float32, len(s.Files)*shape.Features())
		require.NoError(b, s.Decode(b.Context(), shape, func(i int) []float32 { return x[i*shape.Features():][:shape.Features()] }))
		require.NoError(b, s.Close())
		images += len(s.Files)
	}
	b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
}
