package data

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/sbinet/npyio/npy"
	"codeberg.org/sbinet/npyio/npz"
	"github.com/stretchr/testify/require"
)

func writeNPY(t testing.TB, path string, v any) {
	var b bytes.Buffer
	require.NoError(t, npy.Write(&b, v))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
}

func TestOpenArrays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.npz")
	var x [100][3]float64
	var y, ids [100]int64
	for i := range 100 {
		x[i] = [3]float64{float64(i), 2, float64(-i)}
		y[i], ids[i] = int64(3+2*(i%3)), int64(1000+i)
	}
	w, err := npz.Create(path)
	require.NoError(t, err)
	for name, v := range map[string]any{"x": x, "y": y, "who": ids, "twice": [100]int64{}, "short": [2]int64{}, "real": [100]float64{0.5}} {
		require.NoError(t, w.Write(name, v))
	}
	require.NoError(t, w.Close())
	s, err := Open(t.Context(), path+"?id=who&test=0.3&validation=0.1")
	require.NoError(t, err)
	require.Equal(t, []int{60, 10, 30}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, []string{"3", "5", "7"}, s.Train.Encoding.Labels)
	for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
		for k := range d.Len() {
			i := d.ID(k) - 1000
			require.Equal(t, []float32{float32(i), 2, float32(-i)}, d.Row(k))
			require.Equal(t, int32(i%3), d.Y[k])
		}
	}
	s, err = Open(t.Context(), "npz:"+path+"?test=last:20&standardize=yes&scale=2")
	require.NoError(t, err)
	require.Equal(t, 79, s.Train.ID(79))
	require.InDelta(t, 0, ChannelStats(s.Train).Mean[0], 1e-6)
	s, err = Open(t.Context(), path+"?x_test=x&y_test=y")
	require.NoError(t, err)
	require.Equal(t, []int{100, 100}, []int{s.Train.Len(), s.Test.Len()})

	xs, ys := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	writeNPY(t, xs, x)
	writeNPY(t, ys, y)
	_, err = Open(t.Context(), xs+"?y="+ys)
	require.NoError(t, err)

	for spec, want := range map[string]string{
		path + "?x=z":                 `no array "z"; there are real [100], short [2], twice [100], who [100], x [100 3], y [100]`,
		path + "?id=twice":            `twice: examples 0 and 1 both have the id "0"`,
		path + "?id=short":            "short: shape [2]; 100 examples need as many ids",
		path + "?id=real":             "real: id 0 is 0.5; ids are whole numbers or text",
		path + "?y=short":             "100 examples need as many labels",
		path + "?y=twice":             "every example has the label 0",
		path + "?x=y":                 "examples are the first dimension",
		path + "?x_test=x":            "x_test and y_test go together",
		path + "?x_test=x&y_test=who": `no training example has the label "1000"`,
		path + "?layout=hwc":          "layout=hwc needs images",
		path + "?transpose=yes":       "transpose=yes needs images",
		path + "?scale=0":             "scale=0 is not a positive number",
		xs:                            "which file has the labels? say y=FILE.npy",
		xs + "?y=" + path:             "is no npy file",
	} {
		_, err = Open(t.Context(), spec)
		require.ErrorContains(t, err, want, spec)
	}
}

// TestOpenIDX: images as EMNIST has them, columns before rows and labels from 1.
func TestOpenIDX(t *testing.T) {
	dir := t.TempDir()
	var pixels, labels []byte
	for i := range 20 {
		pixels = append(pixels, byte(i), 1, 2, 3, 4, 5) // 2 × 3
		labels = append(labels, byte(1+i%2))
	}
	images, names := filepath.Join(dir, "letters-idx3-ubyte.gz"), filepath.Join(dir, "labels-idx1-ubyte")
	require.NoError(t, os.WriteFile(images, zipped(t, idxFile([]uint32{20, 2, 3}, pixels)), 0o600))
	require.NoError(t, os.WriteFile(names, idxFile([]uint32{20}, labels), 0o600))
	s, err := Open(t.Context(), fmt.Sprintf("idx:%s?labels=%s&transpose=yes", images, names))
	require.NoError(t, err)
	require.Equal(t, []int{1, 3, 2}, s.Train.Shape)
	require.Equal(t, []string{"1", "2"}, s.Train.Encoding.Labels)
	i := s.Train.ID(0)
	require.Equal(t, []float32{float32(i) / 255, 3.0 / 255, 1.0 / 255, 4.0 / 255, 2.0 / 255, 5.0 / 255}, s.Train.Row(0))
	s, err = Open(t.Context(), fmt.Sprintf("idx:%s?labels=%s&test-images=%s&test-labels=%s", images, names, images, names))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, s.Test.Shape)
	require.Equal(t, 20, s.Train.Len())
	_, err = Open(t.Context(), "idx:"+images)
	require.ErrorContains(t, err, "say idx:IMAGES?labels=FILE")
}
