package data

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// fakeMNIST returns the four files of an MNIST of a few images: image i is all
// i, its label i mod 10.
func fakeMNIST(t testing.TB, train, test int) fstest.MapFS {
	fsys := fstest.MapFS{}
	for prefix, n := range map[string]int{"train": train, "t10k": test} {
		var pixels, labels []byte
		for i := range n {
			pixels = append(pixels, bytes.Repeat([]byte{byte(i)}, 28*28)...)
			labels = append(labels, byte(i%10))
		}
		fsys[prefix+"-images-idx3-ubyte.gz"] = &fstest.MapFile{Data: zipped(t, idxFile([]uint32{uint32(n), 28, 28}, pixels))}
		fsys[prefix+"-labels-idx1-ubyte"] = &fstest.MapFile{Data: idxFile([]uint32{uint32(n)}, labels)}
	}
	return fsys
}

func TestLoadIDX(t *testing.T) {
	s, err := LoadIDX(fakeMNIST(t, 30, 20), "mnist")
	require.NoError(t, err)
	require.NoError(t, s.Validate())
	require.Equal(t, "mnist", s.Name)
	require.Equal(t, "mnist/train", s.Train.Name)
	require.Equal(t, []int{1, 28, 28}, s.Train.Shape)
	require.Equal(t, []int{30, 0, 20}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, int32(7), s.Train.Y[17])
	for _, x := range s.Train.Row(17) {
		require.Equal(t, float32(17)/255, x)
	}
	h := s.HoldOut(10, 1)
	require.Equal(t, 10, h.Validation.Len())
	require.Equal(t, 20, h.Train.Len())
}

func TestLoadIDXErrors(t *testing.T) {
	const images, labels = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"
	for _, tc := range []struct {
		name  string
		spoil func(fstest.MapFS)
		file  string
		want  string
	}{
		{"label out of range", func(m fstest.MapFS) { m[labels].Data[8+4] = 10 }, labels, "example 4: label 10 with 10 classes"},
		{"counts", func(m fstest.MapFS) { m[labels] = m["t10k-labels-idx1-ubyte"] }, labels, "20 labels for the 30 images"},
		{"swapped", func(m fstest.MapFS) { m[images].Data = m[labels].Data }, images, "want n × 28 × 28"},
		{"labels of images", func(m fstest.MapFS) { m[labels].Data = m[images].Data }, labels, "labels have 1"},
		{"size", func(m fstest.MapFS) { m[images].Data = idxFile([]uint32{30, 14, 56}, make([]byte, 30*28*28)) }, images, "want n × 28 × 28"},
		{"truncated", func(m fstest.MapFS) { m[labels].Data = m[labels].Data[:20] }, labels, "ends within the 30 bytes of elements"},
		{"none", func(m fstest.MapFS) {
			m[labels].Data = idxFile([]uint32{0}, nil)
			m[images].Data = idxFile([]uint32{0, 28, 28}, nil)
		}, images, "no images"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fsys := fakeMNIST(t, 30, 20)
			tc.spoil(fsys)
			_, err := LoadIDX(fsys, "mnist")
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.file, bad.File)
			require.ErrorContains(t, err, tc.want)
		})
	}
	fsys := fakeMNIST(t, 30, 20)
	fsys[labels].Data[8+4] = 10
	_, err := LoadIDX(fsys, "mnist")
	var bad *FormatError
	require.ErrorAs(t, err, &bad)
	require.EqualValues(t, 12, bad.Offset)
	var example *ExampleError
	require.ErrorAs(t, err, &example)
	require.Equal(t, 4, example.Index)

	delete(fsys, "t10k-labels-idx1-ubyte")
	fsys[labels].Data[8+4] = 0
	_, err = LoadIDX(fsys, "mnist")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz")
}

func TestFromIDXShapes(t *testing.T) {
	labels := &IDX{Name: "l", Dims: []int{2}, Bytes: []byte{0, 1}}
	for _, tc := range []struct{ dims, want []int }{
		{[]int{2, 12}, []int{12}}, {[]int{2, 3, 4}, []int{1, 3, 4}}, {[]int{2, 3, 2, 2}, []int{3, 2, 2}},
	} {
		d, err := FromIDX("x", &IDX{Name: "i", Dims: tc.dims, Bytes: make([]byte, 24)}, labels, 2)
		require.NoError(t, err)
		require.Equal(t, tc.want, d.Shape)
	}
	_, err := FromIDX("x", &IDX{Name: "i", Dims: []int{2}, Bytes: make([]byte, 2)}, labels, 2)
	require.ErrorContains(t, err, "at least 2")
	_, err = FromIDX("x", &IDX{Name: "i", Dims: []int{2, 0}}, labels, 2)
	require.ErrorContains(t, err, "at least 1")

	for _, bytes := range [][]byte{nil, {0}, {0, 1, 0}} {
		_, err = FromIDX("x", &IDX{Name: "i", Dims: []int{2, 12}, Bytes: make([]byte, 24)}, &IDX{Name: "l", Dims: []int{2}, Bytes: bytes}, 2)
		var bad *FormatError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, "l", bad.File)
		require.ErrorContains(t, err, fmt.Sprintf("%d bytes for 2 labels", len(bytes)))
	}
}

// realData returns the folder of a real data set, or skips the test.
func realData(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv(EnvData)
	if root == "" {
		t.Skipf("%s is not set; it names the folder with %s/", EnvData, name)
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s=%s has no %s/", EnvData, root, name)
	}
	return dir
}

// TestMNISTFiles: the files are the originals, byte for byte after unpacking.
func TestMNISTFiles(t *testing.T) {
	dir := realData(t, "mnist")
	for name, want := range map[string]string{
		"train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
		"train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
		"t10k-images-idx3-ubyte":  "2646ac647ad5339dbf082846283269ea",
		"t10k-labels-idx1-ubyte":  "27ae3e4e09519cfbb04c329615203637",
	} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			raw, err = os.ReadFile(filepath.Join(dir, name+".gz"))
			require.NoError(t, err)
			zr, err := gzip.NewReader(bytes.NewReader(raw))
			require.NoError(t, err)
			raw, err = io.ReadAll(zr)
			require.NoError(t, err)
		}
		sum := md5.Sum(raw)
		require.Equal(t, want, hex.EncodeToString(sum[:]), name)
	}
}

func TestMNIST(t *testing.T) {
	realData(t, "mnist")
	s, err := Load("mnist", "")
	require.NoError(t, err)
	require.Equal(t, []int{60000, 10000}, []int{s.Train.Len(), s.Test.Len()})
	// Class counts as in the data set's description; the first labels are 5, 0, 4, 1, 9.
	require.Equal(t, []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, s.Train.ClassCounts())
	require.Equal(t, []int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, s.Test.ClassCounts())
	require.Equal(t, []int32{5, 0, 4, 1, 9}, s.Train.Y[:5])
	st := ChannelStats(s.Train)
	require.InDelta(t, 0.1307, st.Mean[0], 5e-5) // the constants that everyone uses
	require.InDelta(t, 0.3081, st.Std[0], 5e-5)
}

func TestFashionMNIST(t *testing.T) {
	realData(t, "fashion-mnist")
	s, err := Load("fashion-mnist", "")
	require.NoError(t, err)
	for _, k := range s.Train.ClassCounts() {
		require.Equal(t, 6000, k)
	}
	st := ChannelStats(s.Train)
	require.InDelta(t, 0.2860, st.Mean[0], 5e-5)
	require.InDelta(t, 0.3530, st.Std[0], 5e-5)
}
