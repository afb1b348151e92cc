package history

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestByteOrder: files are the same whatever the order of bytes in memory, and are
// safetensors files, read by another implementation.
func TestByteOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	a, b := graph.NewTensor(graph.Float32, 33000), graph.NewTensor(graph.Float64, 3, 9000)
	for _, x := range []*graph.Tensor{a, b} {
		for i := range x.Len() {
			x.Set(i, r.NormFloat64())
		}
	}
	native := littleEndian
	defer func() { littleEndian = native }()
	dir := t.TempDir()
	var files []fileRecord
	for _, littleEndian = range []bool{native, false} {
		f, err := writeArrays(dir, "f", arrayOf("a", a.DType(), a.Len(), 0, a), arrayOf("b", b.DType(), 9000, 3, b.Slice(0, 9000), b.Slice(9000, 27000)))
		require.NoError(t, err)
		files = append(files, f)
	}
	require.Equal(t, files[0], files[1])
	for _, littleEndian = range []bool{native, false} {
		got, got2 := graph.NewTensor(graph.Float32, 33000), graph.NewTensor(graph.Float64, 27000)
		require.NoError(t, readArrays(dir, files[0], []array{arrayOf("a", graph.Float32, 33000, 0, got), arrayOf("b", graph.Float64, 9000, 3, got2)}, func() {}))
		require.Equal(t, a.Float32s(), got.Float32s())
		require.Equal(t, b.Float64s(), got2.Float64s())
	}
	raw, err := os.ReadFile(filepath.Join(dir, "f"))
	require.NoError(t, err)
	st, err := safetensors.Deserialize(raw)
	require.NoError(t, err)
	v, ok := st.Tensor("b")
	require.True(t, ok)
	require.Equal(t, []uint64{3, 9000}, v.Shape())
	require.Equal(t, bytesOf(b.Float64s()), v.Data())
}

// TestLogitGradientsMemory: writing the logit gradients of many classes takes next
// to no memory beside their sums, and reading them that of what is read.
func TestLogitGradientsMemory(t *testing.T) {
	const n, k = 5000, 1000
	l := newLogitGradients(n, k, fade{})
	for i := range l.sum {
		l.sum[i] = float64(i)
	}
	head := Description{Version: version, Run: Fingerprint{Params: 1, Steps: 1}, Config: runConfig{Classes: k}}
	head.Run.Order.N, head.Run.Order.Batch = n, 1
	s, err := createFolder(filepath.Join(t.TempDir(), "run"), head)
	require.NoError(t, err)
	defer s.release()
	allocated := func(f func()) float64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc-before.TotalAlloc) / (4 * n * k)
	}
	require.Less(t, allocated(func() {
		require.NoError(t, s.putLogitGradients(l.shape(), l.numbers))
	}), 0.1)
	require.NoError(t, s.m.add(s.ending...))
	require.Less(t, allocated(func() {
		got, err := s.getLogitGradients()
		require.NoError(t, err)
		require.Equal(t, float32(n*k-1), got.Float32s()[n*k-1])
	}), 1.1)
}
