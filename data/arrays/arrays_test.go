package arrays

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// npyBytes is an npy file, as numpy's format specification has it.
func npyBytes(descr, shape string, fortran bool, raw []byte) []byte {
	order := "False"
	if fortran {
		order = "True"
	}
	header := fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), raw...)
}

func TestTypes(t *testing.T) {
	for descr, tc := range map[string]struct {
		raw  []byte
		want []float64
	}{
		"'|u1'": {[]byte{0, 255}, []float64{0, 255}},
		"'|b1'": {[]byte{0, 1}, []float64{0, 1}},
		"'|i1'": {[]byte{127, 0x80}, []float64{127, -128}},
		"'<i2'": {[]byte{0, 1, 0xfe, 0xff}, []float64{256, -2}},
		"'>i2'": {[]byte{1, 0, 0xff, 0xfe}, []float64{256, -2}},
		"'<u4'": {[]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, []float64{1, math.MaxUint32}},
		"'<i8'": {append(binary.LittleEndian.AppendUint64(nil, 1<<40), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), []float64{1 << 40, -1}},
		"'<f2'": {[]byte{0x00, 0x3e, 0x01, 0x00}, []float64{1.5, 0x1p-24}},
		"'<f4'": {[]byte{0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, []float64{1.5, -2}},
		"'>f8'": {[]byte{0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0}, []float64{1.5, -2}},
	} {
		all, err := Read(npyBytes(descr, "(2,)", false, tc.raw), "f")
		require.NoError(t, err, descr)
		a := all[""]
		require.Equal(t, []int{2}, a.Shape)
		for i, want := range tc.want {
			require.Equal(t, want, a.At(i), descr)
			if v, ok := a.Integer(i); ok {
				require.Equal(t, want, float64(v), descr)
			} else {
				require.NotEqual(t, want, math.Trunc(want), descr)
			}
		}
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x03ff: 1023 * 0x1p-24, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		require.Equal(t, want, half(h))
	}
	require.True(t, math.IsNaN(half(0x7e00)))
}

func TestText(t *testing.T) {
	all, err := Read(npyBytes("'|S3'", "(2,)", false, []byte("ab\x00xyz")), "f")
	require.NoError(t, err)
	require.Equal(t, "ab", all[""].Text(0))
	require.Equal(t, "xyz", all[""].Text(1))
	raw := []byte{'a', 0, 0, 0, 0xfc, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	all, err = Read(npyBytes("'<U3'", "(2,)", false, raw), "f")
	require.NoError(t, err)
	require.Equal(t, "aü\ufffd", all[""].Text(0))
	require.Equal(t, "b", all[""].Text(1))
}

func TestFortran(t *testing.T) {
	all, err := Read(npyBytes("'|u1'", "(2, 3)", true, []byte{0, 3, 1, 4, 2, 5}), "f")
	require.NoError(t, err)
	for i := range 6 {
		require.Equal(t, float64(i), all[""].At(i))
	}
}

func npz(t testing.TB, method uint16, arrays map[string][]byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"x", "y", "note"} {
		if arrays[name] == nil {
			continue
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		require.NoError(t, err)
		_, err = f.Write(arrays[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestForms(t *testing.T) {
	x, y := npyBytes("'<i2'", "(2, 1)", false, []byte{1, 0, 2, 0}), npyBytes("'|u1'", "(2,)", false, []byte{7, 8})
	view, err := safetensors.NewTensorView(safetensors.BF16, []uint64{2, 1}, []byte{0x80, 0x3f, 0x00, 0x40})
	require.NoError(t, err)
	labels, err := safetensors.NewTensorView(safetensors.I64, []uint64{2}, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 7), 8))
	require.NoError(t, err)
	st, err := safetensors.Serialize(map[string]safetensors.TensorView{"x": view, "y": labels}, nil)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"stored.npz": npz(t, zip.Store, map[string][]byte{"x": x, "y": y}), "packed.npz": npz(t, zip.Deflate, map[string][]byte{"x": x, "y": y}), "a.safetensors": st,
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		f, err := Open(path)
		require.NoError(t, err, name)
		require.Equal(t, []string{"x [2 1]", "y [2]"}, f.Names())
		require.Equal(t, []float64{1, 2, 7, 8}, []float64{f.Arrays["x"].At(0), f.Arrays["x"].At(1), f.Arrays["y"].At(0), f.Arrays["y"].At(1)})
		require.NoError(t, f.Close())
	}
}

func TestBad(t *testing.T) {
	good := npyBytes("'<i2'", "(2, 1)", false, []byte{1, 0, 2, 0})
	lying := append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0x7f)
	flipped := npz(t, zip.Store, map[string][]byte{"x": good})
	flipped[bytes.Index(flipped, good)+len(good)-1] ^= 1
	zeros := npz(t, zip.Deflate, map[string][]byte{"x": npyBytes("'|u1'", "(100000000,)", false, make([]byte, 100_000_000))})
	for name, tc := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":         {nil, "no npy, npz or safetensors file"},
		"cut":           {good[:len(good)-1], "3 bytes for the shape [2 1] of elements of 2"},
		"more":          {append(bytes.Clone(good), 0), "5 bytes for the shape"},
		"header":        {good[:9], "the file ends within its header"},
		"lying header":  {lying, "a header of 2147483647 bytes in a file of 12"},
		"long header":   {append(lying[:8:8], 9, 0, 0, 0), "damaged npy header"},
		"version":       {append([]byte("\x93NUMPY\x09\x00\x00\x00\x00\x00"), good...), "not a readable npy"},
		"objects":       {npyBytes("'|O'", "(1,)", false, make([]byte, 8)), "Python objects, which would have to run code"},
		"records":       {npyBytes("[('a', '<i4')]", "(1,)", false, make([]byte, 4)), "elements of type"},
		"complex":       {npyBytes("'<c8'", "(1,)", false, make([]byte, 8)), "elements of type '<c8'"},
		"overflow":      {npyBytes("'<i2'", "(4611686018427387904, 4)", false, []byte{1, 0}), "for the shape"},
		"negative":      {npyBytes("'<i2'", "(-1,)", false, []byte{1, 0}), "shape [-1]"},
		"no dictionary": {append([]byte("\x93NUMPY\x01\x00\x04\x00"), "{}\n "...), "npy"},
		"no line end":   {append([]byte("\x93NUMPY\x01\x00\x04\x00"), "{}  "...), "damaged npy header"},
		"checksum":      {flipped, "cannot be unpacked"},
		"no zip":        {[]byte("PK\x03\x04junk"), "not a readable npz"},
		"bomb":          {zeros, "it grows beyond"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Read(tc.content, "f")
			runtime.ReadMemStats(&after)
			var bad *files.Error
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, tc.want)
			limit := uint64(1 << 20)
			if name == "bomb" {
				limit = 400 << 20
			}
			require.Less(t, after.TotalAlloc-before.TotalAlloc, limit)
		})
	}
}

// FuzzRead: no file crashes the reader, takes memory beyond its bytes and a
// constant, or has an array with elements outside it.
func FuzzRead(f *testing.F) {
	x := npyBytes("'<i2'", "(2, 1)", false, []byte{1, 0, 2, 0})
	f.Add(x)
	f.Add(npyBytes("'<U3'", "(1,)", true, make([]byte, 12)))
	f.Add(npz(f, zip.Store, map[string][]byte{"x": x}))
	f.Add(npz(f, zip.Deflate, map[string][]byte{"x": x}))
	view, err := safetensors.NewTensorView(safetensors.F32, []uint64{2}, make([]byte, 8))
	require.NoError(f, err)
	st, err := safetensors.Serialize(map[string]safetensors.TensorView{"x": view}, nil)
	require.NoError(f, err)
	f.Add(st)
	f.Fuzz(func(t *testing.T, content []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		all, err := Read(content, "f")
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(500*len(content)+200<<20))
		if err != nil {
			return
		}
		for _, a := range all {
			for _, i := range []int{0, a.Len() / 2, a.Len() - 1} {
				if i >= 0 && i < a.Len() {
					a.At(i)
					a.Integer(i)
					if a.IsText() {
						a.Text(i)
					}
				}
			}
		}
	})
}
