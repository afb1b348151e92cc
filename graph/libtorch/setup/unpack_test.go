package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func writeZip(t *testing.T, entries ...entry) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.WriteFile(name, zipped(t, entries...), 0o644))
	return name
}

func keepAll(name string) (string, bool) { return name, true }

func TestUnpackRefusesUnsafeNames(t *testing.T) {
	for _, bad := range []entry{
		{name: "../evil"},
		{name: "torch/../../evil"},
		{name: "/tmp/evil"},
		{name: `torch\..\evil`},
		{name: "torch/lib/libc10.so", content: "/etc/passwd", mode: os.ModeSymlink},
	} {
		root := openRoot(t)
		_, err := unpack(t.Context(), root, writeZip(t, entry{name: "good"}, bad), keepAll)
		require.ErrorIs(t, err, errUnsafeName, bad.name)
		left, err := os.ReadDir(root.Name())
		require.NoError(t, err)
		require.Empty(t, left, "nothing is written before every name is checked")
	}
}

// A symbolic link that stands in the installation folder leads no write out of it.
func TestUnpackStaysInside(t *testing.T) {
	outside := t.TempDir()
	root := openRoot(t)
	require.NoError(t, os.Symlink(outside, filepath.Join(root.Name(), "torch")))
	_, err := unpack(t.Context(), root, writeZip(t, entry{name: "torch/evil", content: "x"}), keepAll)
	require.Error(t, err)
	require.NoFileExists(t, filepath.Join(outside, "evil"))
}

func TestUnpackKeepsFinishedFiles(t *testing.T) {
	root := openRoot(t)
	name := writeZip(t, entry{name: "a", content: "first"}, entry{name: "b", content: "second"})
	want, err := unpack(t.Context(), root, name, keepAll)
	require.NoError(t, err)
	require.Equal(t, sha([]byte("first")), want[0].SHA256)

	before, err := root.Stat("a")
	require.NoError(t, err)
	require.NoError(t, root.WriteFile("b", []byte("sEcond"), 0o644)) // same size, other content
	got, err := unpack(t.Context(), root, name, keepAll)
	require.NoError(t, err)
	require.Equal(t, want, got)
	after, err := root.Stat("a")
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "a whole file is not written again")
	mended, err := root.ReadFile("b")
	require.NoError(t, err)
	require.Equal(t, "second", string(mended))
}

func TestUnpackTruncatedArchive(t *testing.T) {
	name := writeZip(t, entry{name: "a", content: "some content"})
	require.NoError(t, os.Truncate(name, 20))
	_, err := unpack(t.Context(), openRoot(t), name, keepAll)
	require.ErrorContains(t, err, "opening "+name)
}

func TestKeeps(t *testing.T) {
	for _, tt := range []struct {
		name      string
		cpu, cuda bool
	}{
		{"torch/lib/libtorch_cpu.so", true, true},
		{"torch/lib/libgomp-a34b3233.so.1", true, true},
		{"torch/lib/libtorch.so", false, true},
		{"torch/lib/libtorch_cuda.so", false, true},
		{"torch/lib/libtorch_python.so", false, false},
		{"torch/include/ATen/ATen.h", true, true},
		{"torch/nn/modules/linear.py", false, false},
		{"torch-2.1.0.dist-info/LICENSE", true, true},
		{"torch-2.1.0.dist-info/RECORD", false, false},
		{"nvidia/cuda_runtime/lib/libcudart.so.12", true, true},
		{"nvidia/cuda_runtime/include/cuda.h", false, false},
		{"nvidia/cuda_cupti/lib/libcupti.so.12", true, true},
		{"nvidia/cuda_cupti/lib/libnvperf_host.so", false, true},
		{"nvidia/cudnn/lib/libcudnn.so.8", false, true},
	} {
		require.Equal(t, tt.cpu, cpu.keeps(tt.name), tt.name)
		require.Equal(t, tt.cuda, cu121.keeps(tt.name), tt.name)
	}
}
