package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is a file of a fake archive; a zero mode is a plain file.
type entry struct {
	name, content string
	mode          os.FileMode
}

func zipped(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644 | e.mode)
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = f.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// index is a package index in memory, which counts what was fetched from it.
type index struct {
	files   map[string][]byte
	fetched []string
	fail    error // returned instead of the next file, half of which is written
}

func (x *index) fetch(_ context.Context, dir string, w wheel) error {
	data := x.files[w.file]
	if err := x.fail; err != nil {
		x.fail = nil
		if werr := os.WriteFile(filepath.Join(dir, w.file), data[:len(data)/2], 0o644); werr != nil {
			return werr
		}
		return err
	}
	x.fetched = append(x.fetched, w.project)
	return os.WriteFile(filepath.Join(dir, w.file), data, 0o644)
}

// fakeTorch is a variant whose two wheels are small but hold what a check looks at, with
// real shared libraries where the machine has a C compiler.
func fakeTorch(t *testing.T, release, errorSymbol string, links ...string) (variant, *index) {
	t.Helper()
	dir := t.TempDir()
	compile(t, dir, "libcudart.so.12", "int cudart;")
	compile(t, dir, "libc10.so", `void f(void) __asm__("`+errorSymbol+`"); void f(void) {}`)
	compile(t, dir, "libtorch_cpu.so", "int torch;", append([]string{"libc10.so", "libcudart.so.12"}, links...)...)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(data)
	}
	header := "#define TORCH_VERSION \\\n  \"" + release + "\"\n"
	cudart := zipped(t, entry{name: "nvidia/cuda_runtime/lib/libcudart.so.12", content: read("libcudart.so.12")})
	torch := zipped(t,
		entry{name: "torch/lib/libc10.so", content: read("libc10.so")},
		entry{name: "torch/lib/libtorch_cpu.so", content: read("libtorch_cpu.so")},
		entry{name: "torch/lib/libtorch_cuda.so", content: "not wanted"},
		entry{name: "torch/nn/functional.py", content: "not wanted"},
		entry{name: "torch/include/torch/csrc/api/include/torch/version.h", content: header},
	)
	v := cpu
	v.wheels = []wheel{
		{"cudart", "1", "cudart.whl", sha(cudart)},
		{"torch", release, "torch.whl", sha(torch)},
	}
	return v, &index{files: map[string][]byte{"cudart.whl": cudart, "torch.whl": torch}}
}

// compile makes a shared library that links to others in dir.
func compile(t *testing.T, dir, name, source string, links ...string) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler for the fake libraries")
	}
	args := []string{"-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-Wl,-soname," + name, "-o", name, "-x", "c", "-", "-x", "none"}
	cmd := exec.Command(cc, append(args, links...)...)
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader([]byte(source))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

const (
	oldABI = c10Error + "Ss"
	newABI = c10Error + "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
)
