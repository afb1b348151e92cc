package files

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func zipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func read(content []byte, grow Growth) ([]byte, error) {
	r, err := NewReader(iotest.OneByteReader(bytes.NewReader(content)), "f", grow)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestReader(t *testing.T) {
	text := bytes.Repeat([]byte("some text, "), 1000)
	zw, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	packed := zipped(t, text)
	for name, content := range map[string][]byte{
		"plain": text, "gzip": packed, "zstd": zw.EncodeAll(text, nil),
		"zeros behind": append(bytes.Clone(packed), make([]byte, 5000)...),
	} {
		got, err := read(content, Growth{})
		require.NoError(t, err, name)
		require.Equal(t, text, got, name)
	}
	got, err := read(append(bytes.Clone(packed), packed...), Growth{})
	require.NoError(t, err)
	require.Len(t, got, 2*len(text))

	spoiled := bytes.Clone(packed)
	spoiled[len(spoiled)-6] ^= 1
	for name, tc := range map[string]struct {
		content []byte
		want    string
	}{
		"cut gzip":       {packed[:len(packed)/2], "it ends within its compressed content"},
		"checksum":       {spoiled, "checksum"},
		"junk behind":    {append(bytes.Clone(packed), "junk"...), "what follows the first gzip member"},
		"zeros and junk": {append(bytes.Clone(packed), 0, 0, 7), "zeros and then other bytes"},
		"cut zstd":       {zw.EncodeAll(text, nil)[:20], "damaged"},
	} {
		_, err := read(tc.content, Growth{})
		var bad *Error
		require.ErrorAs(t, err, &bad, name)
		require.ErrorContains(t, err, tc.want, name)
	}
	for _, bomb := range [][]byte{zipped(t, make([]byte, 10<<20)), zw.EncodeAll(make([]byte, 10<<20), nil)} {
		_, err := read(bomb, Growth{Times: 10, Slack: 1 << 20})
		require.ErrorContains(t, err, "grow beyond 10 times; if the file is right, unpack it first")
	}
}

func TestRegular(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a, b?.txt")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	f, err := Regular(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	for path, want := range map[string]string{dir: "it is a folder", "/dev/zero": "not a regular file but a device", filepath.Join(dir, "no"): "no such file"} {
		_, err := Regular(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
}

// FuzzReader: no content crashes the reader or makes it give more than allowed.
func FuzzReader(f *testing.F) {
	zw, err := zstd.NewWriter(nil)
	require.NoError(f, err)
	f.Add([]byte("plain"))
	f.Add(zipped(f, []byte("text")))
	f.Add(append(zipped(f, []byte("text")), 0, 0))
	f.Add(zw.EncodeAll([]byte("text"), nil))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := NewReader(bytes.NewReader(content), "f", Growth{Times: 20, Slack: 1 << 16})
		if err != nil {
			return
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, r)
		require.LessOrEqual(t, n, int64(21*len(content)+1<<16))
		if err != nil {
			require.ErrorAs(t, err, new(*Error))
		}
	})
}
