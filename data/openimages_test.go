package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pictures writes n PNGs of side pixels for each class below dir, those of a
// class the brighter the higher its place.
func pictures(t testing.TB, dir string, n, side int, classes ...string) {
	for c, class := range classes {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, class), 0o700))
		for i := range n {
			img := image.NewNRGBA(image.Rect(0, 0, side, side))
			for p := range side * side {
				img.Set(p%side, p/side, color.NRGBA{uint8(60*c + i%50), uint8(p), uint8(i), 255})
			}
			var b bytes.Buffer
			require.NoError(t, png.Encode(&b, img))
			require.NoError(t, os.WriteFile(filepath.Join(dir, class, fmt.Sprintf("%03d.png", i)), b.Bytes(), 0o600))
		}
	}
}

func TestOpenImages(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir, 40, 4, "cat", "dog", "eel")
	s, err := Open(t.Context(), "images:"+dir+"?test=0.25&validation=0.1&standardize=yes")
	require.NoError(t, err)
	require.Equal(t, []int{78, 12, 30}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, []int{10, 10, 10}, s.Test.ClassCounts())
	require.Equal(t, []int{3, 4, 4}, s.Train.Shape)
	require.Equal(t, "dog", s.Train.ClassName(1))
	require.Contains(t, s.Train.Key(0), "cat/0")
	st := ChannelStats(s.Train)
	require.InDelta(t, 0, st.Mean[0], 1e-6)
	require.InDelta(t, 1, st.Std[2], 1e-6)
	f, err := ForgetByID(s.Train, s.Train.Key(5), s.Train.Key(60))
	require.NoError(t, err)
	require.Equal(t, []int{5, 60}, f.Positions())
	for _, spec := range []string{"class:dog", "class:1"} {
		f, err = ParseForget(spec, s.Train, 1)
		require.NoError(t, err)
		require.Equal(t, s.Train.ClassCounts()[1], f.Len())
	}
	again, err := Open(t.Context(), dir+"?test=0.25&validation=0.1&standardize=yes") // a folder holds images
	require.NoError(t, err)
	require.Equal(t, s, again)

	parts := t.TempDir()
	pictures(t, filepath.Join(parts, "train"), 10, 4, "0", "1")
	pictures(t, filepath.Join(parts, "test"), 3, 4, "0", "1")
	s, err = Open(t.Context(), "images:"+parts+"?size=2&channels=1")
	require.NoError(t, err)
	require.Equal(t, []int{20, 0, 6}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, []int{1, 2, 2}, s.Train.Shape)
	require.Nil(t, s.Train.Encoding.Labels)

	pictures(t, parts, 1, 4, "2")
	one := t.TempDir()
	pictures(t, one, 3, 4, "cat")
	for spec, want := range map[string]string{
		"images:" + parts:               "1 are not; put all into one, or none",
		"images:" + one:                 `one class, "cat"`,
		"images:":                       "say images:FOLDER",
		"images:" + dir + "?size=a":     "size=a; write HEIGHTxWIDTH",
		"images:" + dir + "?label=a":    "no option label",
		"images:" + dir + "?test=x.csv": "test is a share for images",
		"images:" + dir + "/no":         "no such file",
	} {
		_, err = Open(t.Context(), spec)
		require.ErrorContains(t, err, want, spec)
	}
}
