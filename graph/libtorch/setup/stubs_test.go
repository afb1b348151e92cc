package main

import (
	"bytes"
	"debug/elf"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteStubs(t *testing.T) {
	root := openRoot(t)
	require.NoError(t, root.MkdirAll("torch/lib", 0o755))
	require.NoError(t, root.WriteFile("torch/lib/libtorch_cuda.so", nil, 0o644))
	require.NoError(t, root.WriteFile("torch/lib/libcaffe2_nvrtc.so", nil, 0o644))
	require.NoError(t, root.MkdirAll("stubs", 0o755))
	require.NoError(t, root.WriteFile("stubs/libtorch_cuda.so", nil, 0o644)) // of a CPU installation

	files, err := writeStubs(root)
	require.NoError(t, err)
	require.Len(t, files, len(gotchLibraries)-1)
	_, err = root.Stat("stubs/libtorch_cuda.so")
	require.Error(t, err, "a real library has no stub")
	_, err = root.Stat("stubs/libcaffe2_nvrtc.so")
	require.NoError(t, err, "but for the one that needs a driver to link to")
	text, err := root.ReadFile("stubs/libcudnn.so")
	require.NoError(t, err)
	require.Equal(t, stub, string(text))
}

// The system's linker takes a stub for a library and leaves no trace of it.
func TestStubLinks(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	root := openRoot(t)
	_, err = writeStubs(root)
	require.NoError(t, err)
	out := filepath.Join(root.Name(), "out.so")
	args := []string{"-shared", "-nostdlib", "-o", out, "-x", "c", "-", "-L" + filepath.Join(root.Name(), "stubs"), "-Wl,--no-as-needed"}
	for _, lib := range gotchLibraries {
		args = append(args, "-l"+lib)
	}
	cmd := exec.Command(cc, args...)
	cmd.Stdin = bytes.NewReader([]byte("int x;"))
	msg, err := cmd.CombinedOutput()
	require.NoError(t, err, string(msg))
	f, err := elf.Open(out)
	require.NoError(t, err)
	defer f.Close()
	needed, err := f.DynString(elf.DT_NEEDED)
	require.NoError(t, err)
	require.Empty(t, needed)
}
