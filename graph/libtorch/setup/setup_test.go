package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func run(t *testing.T, c config, v variant) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := setup(context.Background(), c, v, &out, io.Discard)
	return out.String(), err
}

func TestInstallOnceThenPrint(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	c := config{dir: t.TempDir(), fetch: x.fetch}

	_, err := run(t, config{dir: c.dir, print: true}, v)
	require.ErrorContains(t, err, "run the command without -print")

	first, err := run(t, c, v)
	require.NoError(t, err)
	require.Contains(t, first, "export CGO_CXXFLAGS='-O2 -g0 -D_GLIBCXX_USE_CXX11_ABI=0 -I"+c.dir)
	require.Equal(t, []string{"cudart", "torch"}, x.fetched)
	require.FileExists(t, filepath.Join(c.dir, "torch/lib/libtorch_cpu.so"))
	require.FileExists(t, filepath.Join(c.dir, "nvidia/cuda_runtime/lib/libcudart.so.12"))
	require.FileExists(t, filepath.Join(c.dir, "stubs/libtorch_cuda.so"))
	for _, gone := range []string{"downloads", "torch/nn", "torch/lib/libtorch_cuda.so", "manifest.json.part"} {
		require.NoFileExists(t, filepath.Join(c.dir, gone))
		require.NoDirExists(t, filepath.Join(c.dir, gone))
	}

	again, err := run(t, c, v)
	require.NoError(t, err)
	require.Equal(t, first, again)
	printed, err := run(t, config{dir: c.dir, print: true}, v)
	require.NoError(t, err)
	require.Equal(t, first, printed)
	require.Len(t, x.fetched, 2, "a finished installation fetches nothing")
}

// A run that dies while the second wheel is fetched leaves the first; the next run fetches
// the second only.
func TestResume(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	c := config{dir: t.TempDir()}
	killed := errors.New("killed")
	c.fetch = func(ctx context.Context, dir string, w wheel) error {
		if w.project == "torch" && len(x.fetched) == 1 {
			x.fail = killed
			x.fetched = append(x.fetched, "half a torch")
		}
		return x.fetch(ctx, dir, w)
	}
	// A kill, unlike an error, leaves the temporary folders too.
	stale := filepath.Join(c.dir, "downloads", ".fetch-1")
	require.NoError(t, os.MkdirAll(stale, 0o755))

	_, err := run(t, c, v)
	require.ErrorIs(t, err, killed)
	require.NoFileExists(t, filepath.Join(c.dir, "manifest.json"))
	require.NoDirExists(t, stale)

	_, err = run(t, c, v)
	require.NoError(t, err)
	require.Equal(t, []string{"cudart", "half a torch", "torch"}, x.fetched)
}

func TestDamageIsMended(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	c := config{dir: t.TempDir(), fetch: x.fetch}
	_, err := run(t, c, v)
	require.NoError(t, err)
	lib := filepath.Join(c.dir, "torch/lib/libc10.so")
	whole, err := os.ReadFile(lib)
	require.NoError(t, err)

	require.NoError(t, os.Truncate(lib, 10))
	_, err = run(t, config{dir: c.dir, print: true}, v)
	require.ErrorContains(t, err, "has 10 bytes")
	_, err = run(t, c, v)
	require.NoError(t, err)

	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	require.NoError(t, os.WriteFile(lib, flipped, 0o644))
	_, err = run(t, config{dir: c.dir, print: true, verify: true}, v)
	require.ErrorContains(t, err, "has changed")
	c.verify = true
	_, err = run(t, c, v)
	require.NoError(t, err)
	mended, err := os.ReadFile(lib)
	require.NoError(t, err)
	require.Equal(t, whole, mended)
}

func TestWrongChecksumIsRefused(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	x.files["torch.whl"] = append(bytes.Clone(x.files["torch.whl"]), 0)
	c := config{dir: t.TempDir(), fetch: x.fetch}
	out, err := run(t, c, v)
	var sum *checksumError
	require.ErrorAs(t, err, &sum)
	require.Equal(t, v.wheels[1].sha256, sum.Want)
	require.Empty(t, out)
	require.NoDirExists(t, filepath.Join(c.dir, "torch"))
	require.NoFileExists(t, filepath.Join(c.dir, "downloads", "torch.whl"))
}

func TestWhatIsNotThisLibtorch(t *testing.T) {
	for _, tt := range []struct {
		name, release, symbol string
		links                 []string
		want                  string
	}{
		{"another version", "2.2.0", oldABI, nil, "this is libtorch 2.2.0"},
		{"no c10::Error", version, "unrelated", nil, "does not define c10::Error"},
		{"library missing", version, oldABI, []string{"libother.so.1"}, "links to libother.so.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			links := tt.links
			if links != nil {
				dir := t.TempDir()
				compile(t, dir, links[0], "int other;")
				links = []string{filepath.Join(dir, links[0])}
			}
			v, x := fakeTorch(t, tt.release, tt.symbol, links...)
			c := config{dir: t.TempDir(), fetch: x.fetch}
			_, err := run(t, c, v)
			require.ErrorContains(t, err, tt.want)
			require.NoFileExists(t, filepath.Join(c.dir, "manifest.json"))
		})
	}
}

func TestNewABI(t *testing.T) {
	v, x := fakeTorch(t, version, newABI)
	out, err := run(t, config{dir: t.TempDir(), fetch: x.fetch}, v)
	require.NoError(t, err)
	require.Contains(t, out, "-D_GLIBCXX_USE_CXX11_ABI=1")
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"folder"}, "the folder to install from is -from"},
		{[]string{"-source", "apt"}, "want wheels or archive"},
		{[]string{"-dir", "a,b"}, "name another with -dir"},
		{[]string{"-from", "/no/such/folder", "-dir", t.TempDir()}, "-from: stat /no/such/folder"},
		{[]string{"-from", t.TempDir(), "-dir", t.TempDir()}, errNothingThere.Error()},
	} {
		err := command(context.Background(), tt.args, io.Discard, io.Discard)
		require.ErrorContains(t, err, tt.want)
	}
}
