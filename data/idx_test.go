package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// idxFile builds an IDX file from its dimensions and payload, truthful or not.
func idxFile(dims []uint32, payload []byte) []byte {
	b := []byte{0, 0, byte(IDXUint8), byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, payload...)
}

func zipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	require.NoError(t, err)
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// allocated returns the bytes that f allocates in all, freed ones included.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReadIDX(t *testing.T) {
	big := make([]byte, 300_000) // several growth steps, not a power of two
	for i := range big {
		big[i] = byte(i * i >> 3)
	}
	for _, tc := range []struct {
		dims    []uint32
		want    []int
		payload []byte
	}{
		{[]uint32{3}, []int{3}, []byte{1, 2, 3}},
		{[]uint32{2, 1, 3}, []int{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6}},
		{[]uint32{0}, []int{0}, []byte{}},
		{[]uint32{1 << 30, 0, 1 << 30, 1 << 30}, []int{1 << 30, 0, 1 << 30, 1 << 30}, []byte{}},
		{[]uint32{300, 1000}, []int{300, 1000}, big},
	} {
		plain := idxFile(tc.dims, tc.payload)
		padded := append(zipped(t, plain), make([]byte, 1000)...)
		for _, file := range [][]byte{plain, zipped(t, plain), padded} {
			for _, r := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file)), iotest.DataErrReader(bytes.NewReader(file))} {
				x, err := ReadIDX(r, "x")
				require.NoError(t, err)
				require.Equal(t, tc.want, x.Dims)
				require.True(t, bytes.Equal(tc.payload, x.Bytes))
			}
		}
	}
}

func TestReadIDXErrors(t *testing.T) {
	good := idxFile([]uint32{2, 2}, []byte{1, 2, 3, 4})
	packed := zipped(t, good)
	spoiled := bytes.Clone(packed)
	spoiled[len(spoiled)-6] ^= 1 // in the checksum
	for _, tc := range []struct {
		name   string
		file   []byte
		offset int64
		want   string
	}{
		{"empty", nil, 0, "ends within the header"},
		{"short magic", good[:3], 3, "ends within the header"},
		{"short dimensions", good[:9], 9, "ends within the header"},
		{"short payload", good[:15], 15, "ends within the 4 bytes of elements"},
		{"trailing", append(bytes.Clone(good), 0), 16, "more bytes follow the 4 of the elements"},
		{"not IDX", []byte("PK\x03\x04 a zip"), 4, "not an IDX file"},
		{"type", []byte{0, 0, 0x0a, 1, 0, 0, 0, 0}, 4, "element type 0xa is none"},
		{"no dimensions", []byte{0, 0, 8, 0}, 4, "0 dimensions"},
		{"many dimensions", []byte{0, 0, 8, 255}, 4, "255 dimensions"},
		{"dimension", idxFile([]uint32{1 << 31}, nil), 8, "above 2147483647"},
		{"overflow", idxFile([]uint32{1 << 30, 1 << 30, 1 << 30}, nil), 16, "overflows"},
		{"gzip header", packed[:5], 0, "damaged"},
		{"gzip cut", packed[:len(packed)-9], 0, ""},
		{"gzip without checksum", packed[:len(packed)-8], 16, "damaged"},
		{"gzip checksum", spoiled, 16, "checksum"},
		{"gzip trailing", append(bytes.Clone(packed), "junk"...), 16, "damaged"},
		{"gzip trailing zeros and more", append(bytes.Clone(packed), 0, 0, 1), 16, "damaged"},
		{"gzip payload", zipped(t, good[:14]), 14, "ends within the 4 bytes of elements"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ReadIDX(bytes.NewReader(tc.file), "some-file")
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "some-file", bad.File)
			require.ErrorContains(t, err, tc.want)
			if tc.want != "" {
				require.Equal(t, tc.offset, bad.Offset)
			}
		})
	}
	_, err := ReadIDX(io.MultiReader(bytes.NewReader(good[:13]), iotest.ErrReader(io.ErrClosedPipe)), "f")
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestReadIDXLyingHeaderAllocatesLittle(t *testing.T) {
	lie := idxFile([]uint32{1<<31 - 1, 28, 28}, []byte{1, 2, 3, 4})
	require.Len(t, lie, 20)
	for _, file := range [][]byte{lie, zipped(t, lie), idxFile([]uint32{1 << 31, 28, 28}, []byte{1, 2, 3, 4})} {
		n := allocated(func() {
			_, err := ReadIDX(bytes.NewReader(file), "lie")
			require.Error(t, err)
		})
		require.Less(t, n, uint64(1<<20))
	}
}

func TestReadIDXGzipBomb(t *testing.T) {
	const size = 64 << 20
	// Its header tells the truth: only the growth gives it away.
	bomb := zipped(t, idxFile([]uint32{size}, make([]byte, size)))
	require.Less(t, len(bomb), 1<<20)
	n := allocated(func() {
		_, err := ReadIDX(bytes.NewReader(bomb), "bomb")
		require.ErrorContains(t, err, "unpack it first")
	})
	// The last buffer is at most twice what arrived, all before it as much again.
	require.Less(t, n, uint64(4*(maxGzipRatio*len(bomb)+gzipSlack)+1<<20))
}

// FuzzReadIDX: no input panics, every error is a FormatError, memory follows
// the input, and an accepted plain file is its header and payload to the byte.
func FuzzReadIDX(f *testing.F) {
	good := idxFile([]uint32{2, 2, 1}, []byte{1, 2, 3, 4})
	for _, s := range [][]byte{
		nil, good, good[:7], good[:18], append(bytes.Clone(good), 9),
		idxFile([]uint32{1<<31 - 1, 28, 28}, []byte{1}),
		idxFile([]uint32{1 << 30, 1 << 30, 1 << 30}, nil),
		idxFile([]uint32{0, 1 << 31}, nil), idxFile([]uint32{0, 7}, nil),
		{0, 0, 8, 0}, {0, 0, 8, 200}, {0x1f, 0x8b}, {0x1f, 0x8b, 8, 0, 0},
		zipped(f, good), zipped(f, good)[:15], append(zipped(f, good), 1),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		x, err := ReadIDX(bytes.NewReader(in), "fuzz")
		if err != nil {
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "fuzz", bad.File)
			return
		}
		total := 1
		dims := make([]uint32, len(x.Dims))
		for k, d := range x.Dims {
			dims[k] = uint32(d)
			total *= d
		}
		require.Len(t, x.Bytes, total)
		require.LessOrEqual(t, cap(x.Bytes), maxGzipRatio*len(in)+gzipSlack+firstChunk)
		if in[0] == 0 {
			require.Equal(t, in, idxFile(dims, x.Bytes))
		}
	})
}

// TestIDXTypes: every type, by hand.
func TestIDXTypes(t *testing.T) {
	for of, tc := range map[IDXType]struct {
		bytes []byte
		want  []float64
	}{
		IDXUint8:   {[]byte{0, 255}, []float64{0, 255}},
		IDXInt8:    {[]byte{127, 255}, []float64{127, -1}},
		IDXInt16:   {[]byte{1, 0, 255, 254}, []float64{256, -2}},
		IDXInt32:   {[]byte{0, 1, 0, 0, 255, 255, 255, 253}, []float64{65536, -3}},
		IDXFloat32: {[]byte{0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}, []float64{1.5, -2}},
		IDXFloat64: {[]byte{0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0}, []float64{1.5, -2}},
	} {
		file := append([]byte{0, 0, byte(of), 2, 0, 0, 0, 2, 0, 0, 0, 1}, tc.bytes...)
		x, err := ReadIDX(bytes.NewReader(file), "x")
		require.NoError(t, err)
		require.Equal(t, []int{2, 1}, x.Dims)
		require.Equal(t, 2, x.Len())
		for i, want := range tc.want {
			require.Equal(t, want, x.At(i))
		}
		_, err = ReadIDX(bytes.NewReader(file[:len(file)-1]), "x")
		require.ErrorContains(t, err, "ends within")
	}
}
