package nets_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

func smallModel(t testing.TB, dt graph.DType) *nets.Model {
	m, err := nets.NewModel(nets.MLP(4, 3, 2), nil, dt)
	require.NoError(t, err)
	return m
}

// TestFlippedBits: a flipped bit of a checkpoint is found, wherever it is: at full
// length each of them is tried.
func TestFlippedBits(t *testing.T) {
	m := smallModel(t, graph.Float32)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, m.SaveCheckpoint(path, nets.Checkpoint{Params: m.Init(5), Of: "original"}))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	step := 13
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		step = 1
	}
	for bit := 0; bit < 8*len(raw); bit += step {
		raw[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		_, err := m.LoadParams(path)
		require.ErrorIs(t, err, nets.ErrCheckpoint, "bit %d of byte %d", bit%8, bit/8)
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

// TestVerified: what SaveCheckpoint says comes back, and a file without digest
// loads, but says that nothing vouches for it.
func TestVerified(t *testing.T) {
	m := smallModel(t, graph.Float32)
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	w := m.Init(5)
	require.NoError(t, m.SaveCheckpoint(path, nets.Checkpoint{Params: w, Of: "forgotten: request 3"}))
	c, err := m.LoadCheckpoint(path)
	require.NoError(t, err)
	require.True(t, c.Verified())
	require.Len(t, c.Digest, 64)
	require.Equal(t, "forgotten: request 3", c.Of)
	require.Equal(t, "mlp:4-3-2", c.Arch)
	require.Equal(t, m.Engine().Name(), c.Engine)
	require.Equal(t, nets.Digest(w), nets.Digest(c.Params))
	w.Set(0, w.At(0)+1)
	require.NotEqual(t, nets.Digest(w), nets.Digest(c.Params))

	for _, dt := range []safetensors.DType{safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16} {
		foreign := filepath.Join(dir, "foreign.safetensors")
		writeForeign(t, foreign, m, dt, func(i int) float64 { return float64(i%7-3) / 4 }, map[string]string{"format": "pt"})
		for _, to := range []graph.DType{graph.Float32, graph.Float64} {
			c, err := smallModel(t, to).LoadCheckpoint(foreign)
			require.NoError(t, err)
			require.False(t, c.Verified())
			for i := range c.Params.Len() {
				require.Equal(t, float64(i%7-3)/4, c.Params.At(i), "%s to %s", dt, to)
			}
		}
	}
}

// writeForeign writes a checkpoint of m as another program might.
func writeForeign(t *testing.T, path string, m *nets.Model, dt safetensors.DType, number func(i int) float64, info map[string]string) {
	t.Helper()
	views := map[string]safetensors.TensorView{}
	for _, p := range m.Params() {
		var raw []byte
		var shape []uint64
		for _, d := range p.Shape {
			shape = append(shape, uint64(d))
		}
		for i := range p.Len() {
			v := number(p.Off + i)
			switch dt {
			case safetensors.F64:
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
			case safetensors.F32:
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
			case safetensors.BF16:
				raw = binary.LittleEndian.AppendUint16(raw, uint16(math.Float32bits(float32(v))>>16))
			case safetensors.F16:
				raw = binary.LittleEndian.AppendUint16(raw, binary16(v))
			case safetensors.I32:
				raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
			}
		}
		v, err := safetensors.NewTensorView(dt, shape, raw)
		require.NoError(t, err)
		views[p.Name] = v
	}
	raw, err := safetensors.Serialize(views, info)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

// binary16 returns the bits of a normal number, or zero, that binary16 holds.
func binary16(v float64) uint16 {
	if v == 0 {
		return 0
	}
	f := math.Float32bits(float32(v))
	return uint16(f>>16&0x8000) | uint16(f>>23&0xff-127+15)<<10 | uint16(f>>13&0x3ff)
}

// TestRefusedNumbers: numbers that are not finite, or not in float32, are neither
// saved nor loaded.
func TestRefusedNumbers(t *testing.T) {
	m := smallModel(t, graph.Float32)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		w := m.Init(1)
		w.Set(13, v)
		err := m.SaveParams(path, w)
		require.ErrorIs(t, err, nets.ErrNotFinite)
		require.ErrorContains(t, err, "fc1.bias[1]")
		require.NoFileExists(t, path)
		for _, dt := range []safetensors.DType{safetensors.F64, safetensors.F32, safetensors.BF16} {
			writeForeign(t, path, m, dt, func(i int) float64 { return map[bool]float64{true: v}[i == 13] }, nil)
			_, err = m.LoadParams(path)
			require.ErrorIs(t, err, nets.ErrCheckpoint)
			require.ErrorContains(t, err, fmt.Sprintf("fc1.bias[1] is %g;", v))
			require.NoError(t, os.Remove(path))
		}
	}
	writeForeign(t, path, m, safetensors.F64, func(i int) float64 { return 1e300 }, nil)
	_, err := m.LoadParams(path)
	require.ErrorIs(t, err, nets.ErrCheckpoint)
	require.ErrorContains(t, err, "fc1.weight[0] is 1e+300, beyond the numbers of float32")
	w, err := smallModel(t, graph.Float64).LoadParams(path)
	require.NoError(t, err)
	require.Equal(t, 1e300, w.At(0))
	writeForeign(t, path, m, safetensors.I32, func(int) float64 { return 1 }, nil)
	_, err = m.LoadParams(path)
	require.ErrorContains(t, err, "numbers of type I32; F64, F32, F16 and BF16 are read")
	require.ErrorContains(t, m.SaveParams(path, nil), "no parameters")
	require.ErrorContains(t, m.SaveParams(path, graph.NewTensor(graph.Float32, 2)), "2 parameters")
	require.ErrorContains(t, m.SaveParams(path, graph.NewTensor(graph.Float64, m.Size())), "of float64")
}

// TestForeignFiles: a file of another kind is named, with the way to convert it.
func TestForeignFiles(t *testing.T) {
	archive := func(name string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		_, err := z.Create(name)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return b.Bytes()
	}
	m := smallModel(t, graph.Float32)
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"model.pt", archive("model/data.pkl"), "torch.save; convert it with python"},
		{"old.pt", []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), "older versions of PyTorch"},
		{"state.pkl", []byte("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94."), "it is a pickle"},
		{"state5.pkl", []byte("\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94."), "it is a pickle"},
		{"other.zip", archive("readme"), "a ZIP archive"},
		{"weights.npz", archive("fc1.weight.npy"), "NumPy archive"},
		{"weights.npy", []byte("\x93NUMPY\x01\x00"), "NumPy array"},
		{"model.h5", []byte("\x89HDF\r\n\x1a\n\x00"), "Keras"},
		{"weights.csv", []byte("fc1.weight,0.1,0.2\nfc1.bias,ä\n"), "a text, such as CSV"},
		{"weights.json", []byte(strings.Repeat("{\"fc1.weight\": [0.25]}", 100)), "a text"},
		{"model.gguf", []byte("GGUF\x03\x00\x00\x00"), "GGUF"},
		{"model.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "gunzip"},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
		{"empty", nil, "it is empty"},
		{"noise", bytes.Repeat([]byte{0xf3, 0x02}, 300), "no safetensors file"},
	} {
		path := filepath.Join(dir, c.name)
		require.NoError(t, os.WriteFile(path, c.raw, 0o600))
		_, err := m.LoadParams(path)
		require.ErrorIs(t, err, nets.ErrCheckpoint, c.name)
		require.ErrorContains(t, err, c.want, c.name)
		require.ErrorContains(t, err, path)
	}
	_, err := m.LoadParams(dir)
	require.ErrorContains(t, err, "it is a folder")
}

// TestHeaderOfAnyLength: a file begins with the length of its header, and loads also
// where that looks like the beginning of another kind of file: 640 is that of a pickle.
func TestHeaderOfAnyLength(t *testing.T) {
	m := smallModel(t, graph.Float32)
	path, w := filepath.Join(t.TempDir(), "model.safetensors"), m.Init(5)
	asPickle := false
	for n := range 64 {
		require.NoError(t, m.SaveCheckpoint(path, nets.Checkpoint{Params: w, Of: strings.Repeat("x", 8*n+1)}))
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		asPickle = asPickle || bytes.HasPrefix(raw, []byte("\x80\x02"))
		got, err := m.LoadParams(path)
		require.NoError(t, err, "a header of %d bytes", binary.LittleEndian.Uint64(raw))
		require.Equal(t, w.Float32s(), got.Float32s())
	}
	require.True(t, asPickle)
}

// FuzzLoadParams: no file makes LoadParams panic, and what it returns is finite.
func FuzzLoadParams(f *testing.F) {
	m := smallModel(f, graph.Float32)
	path := filepath.Join(f.TempDir(), "seed.safetensors")
	require.NoError(f, m.SaveParams(path, m.Init(5)))
	raw, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(raw)
	f.Add(raw[:len(raw)-9])
	f.Add([]byte("\x20\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		w, err := m.LoadParams(path)
		if err == nil {
			require.NoError(t, m.CheckParams(w))
		} else if !errors.Is(err, nets.ErrCheckpoint) {
			t.Fatal(err)
		}
	})
}
