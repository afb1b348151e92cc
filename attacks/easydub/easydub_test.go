package easydub

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"codeberg.org/sbinet/npyio"
	"github.com/stretchr/testify/require"
)

// The names are those of load_margins_array and load_forget_indices (easydub/data.py).
func TestPaths(t *testing.T) {
	for want, got := range map[string]string{
		"margins/cifar10/pretrain/retain/resnet9/id_3_epoch_23.npy":        Layout{}.Path(Pretrain, Retain, 2, 3),
		"margins/cifar10/pretrain/val/resnet9/id_3_epoch_23.npy":           Layout{}.Path(Pretrain, Val, 2, 3),
		"margins/cifar10/pretrain/forget_2/resnet9/id_3_epoch_23.npy":      Layout{}.Path(Pretrain, Forget, 2, 3),
		"margins/cifar10/oracle/forget_2/forget/resnet9/id_0_epoch_23.npy": Layout{}.Path(Oracle, Forget, 2, 0),
		"margins/cifar10/oracle/forget_10/val/resnet9/id_0_epoch_23.npy":   Layout{}.Path(Oracle, Val, 10, 0),
		"margins/digits/mini/forget_1/retain/mlp/id_7_epoch_5.npy":         Layout{Dataset: "digits", Arch: "mlp", Epoch: 5}.Path("mini", Retain, 1, 7),
		"forget_sets/cifar10/forget_set_5.npy":                             Layout{}.ForgetPath(5),
	} {
		require.Equal(t, want, got)
	}
	require.Equal(t, []Split{Retain, Forget, Val}, Splits())
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	l := Layout{Dataset: "digits"}
	for m := range 3 {
		require.NoError(t, l.Write(dir, Oracle, Forget, 1, m, []float64{float64(m), 0.5, -2}))
	}
	require.NoError(t, l.WriteForget(dir, 1, []int{4, 0, 17}))
	x, n, err := l.Read(os.DirFS(dir), Oracle, Forget, 1, 3)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, []float64{0, 0.5, -2, 1, 0.5, -2, 2, 0.5, -2}, x)
	u, err := l.ReadForget(os.DirFS(dir), 1)
	require.NoError(t, err)
	require.Equal(t, []int{4, 0, 17}, u)
	left, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*", "*", ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBadInput(t *testing.T) {
	file := func(x any) *fstest.MapFile {
		var b bytes.Buffer
		require.NoError(t, npyio.Write(&b, x))
		return &fstest.MapFile{Data: b.Bytes()}
	}
	name := func(m int) string { return Layout{}.Path(Oracle, Val, 1, m) }
	for _, c := range []struct {
		name string
		fs   fstest.MapFS
		is   error
		want string
	}{
		{"too few", fstest.MapFS{name(0): file([]float32{1})}, fs.ErrNotExist, "1 models are there, 2 were asked for"},
		{"of another length", fstest.MapFS{name(0): file([]float32{1}), name(1): file([]float64{1, 2})}, ErrLayout, "id_1_epoch_23.npy holds 2 margins, and model 0 has 1"},
		{"NaN", fstest.MapFS{name(0): file([]float32{1, float32(math.NaN())})}, ErrLayout, "margin 1 is NaN"},
		{"type", fstest.MapFS{name(0): file([]int64{1})}, ErrLayout, "type <i8, want <f4 or <f8"},
		{"two dimensions", fstest.MapFS{name(0): file([][]float32{{1}, {2}})}, ErrLayout, "shape [2 1]"},
		{"no numbers", fstest.MapFS{name(0): {Data: []byte("margins")}}, ErrLayout, "id_0"},
		{"cut", fstest.MapFS{name(0): {Data: file(make([]float32, 1000)).Data[:90]}}, ErrLayout, "of shape [1000] in"},
		{"header of gigabytes", fstest.MapFS{name(0): {Data: []byte("\x93NUMPY\x02\x00\x00\x00\x00\x7b{'descr'")}}, ErrLayout, "longer than the file"},
		{"header cut", fstest.MapFS{name(0): {Data: []byte("\x93NUMPY\x02\x00\x09\x00\x00\x00{        ")}}, ErrLayout, "the header cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Layout{}.Read(c.fs, Oracle, Val, 1, 2)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, _, err := Layout{}.Read(fstest.MapFS{}, Oracle, Val, 1, 0)
	require.ErrorContains(t, err, "at least 1")
	_, err = Layout{}.ReadForget(fstest.MapFS{Layout{}.ForgetPath(1): file([]int64{-1})}, 1)
	require.ErrorContains(t, err, "position 0 is -1")
	_, err = Layout{}.ReadForget(fstest.MapFS{Layout{}.ForgetPath(1): file([]float64{1})}, 1)
	require.ErrorContains(t, err, "want <i4 or <i8")
	require.ErrorContains(t, Layout{}.Write(t.TempDir(), Oracle, Val, 1, 0, []float64{1e300}), "no float32")
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, npyio.Write(&b, []float32{1, 2}))
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:20])
	f.Fuzz(func(t *testing.T, content []byte) {
		x, n, err := Layout{}.Read(fstest.MapFS{Layout{}.Path(Oracle, Val, 1, 0): {Data: content}}, Oracle, Val, 1, 1)
		if err == nil {
			require.Len(t, x, n)
		}
	})
}
