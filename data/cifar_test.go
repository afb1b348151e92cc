package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// plainJPEG is a JPEG of one colour.
func plainJPEG(t testing.TB, side int, c color.Color) []byte {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for x := range side {
		for y := range side {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}))
	return b.Bytes()
}

type zipEntry struct {
	name string
	data []byte
}

func zipOf(t testing.TB, entries ...zipEntry) fstest.MapFS {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		require.NoError(t, err)
		_, err = f.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return fstest.MapFS{cifarFile: &fstest.MapFile{Data: b.Bytes()}}
}

func TestLoadCIFAR10(t *testing.T) {
	orange := plainJPEG(t, 32, color.RGBA{255, 128, 0, 255})
	var gray bytes.Buffer
	require.NoError(t, jpeg.Encode(&gray, image.NewGray(image.Rect(0, 0, 32, 32)), nil))
	entries := []zipEntry{
		{"README", []byte("not looked at")},
		{"train/", nil},
		{"train/truck/", nil},
		{"train/truck/0001.jpg", orange}, // out of order on purpose
		{"train/truck/0000.jpg", gray.Bytes()},
		{"train/airplane/0007.jpg", orange},
		{"test/cat/0000.jpg", orange},
	}
	for i := range 40 {
		entries = append(entries, zipEntry{fmt.Sprintf("test/dog/%04d.jpg", i), plainJPEG(t, 32, color.Gray{uint8(6 * i)})})
	}
	fsys := zipOf(t, entries...)
	s, err := LoadCIFAR10(fsys)
	require.NoError(t, err)
	require.NoError(t, s.Validate())
	require.Equal(t, []int{3, 32, 32}, s.Train.Shape)
	require.Equal(t, []int32{0, 9, 9}, s.Train.Y)
	require.Equal(t, int32(3), s.Test.Y[0])
	const plane = 32 * 32
	for c, want := range []float64{1, 128.0 / 255, 0} {
		require.InDelta(t, want, s.Train.Row(0)[c*plane+500], 0.02, "channel %d", c)
		require.Zero(t, s.Train.Row(1)[c*plane+500])
	}
	for i := range 40 {
		require.InDelta(t, float64(6*i)/255, s.Test.Row(i + 1)[77], 0.01)
	}

	old := runtime.GOMAXPROCS(1)
	one, err := LoadCIFAR10(fsys)
	runtime.GOMAXPROCS(old)
	require.NoError(t, err)
	require.Equal(t, s, one, "the number of processors does not matter")
}

func TestLoadCIFAR10Errors(t *testing.T) {
	good := plainJPEG(t, 32, color.White)
	huge := bytes.Clone(good)
	sof := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[sof+5:], []byte{0xff, 0xff, 0xff, 0xff}) // height and width
	base := []zipEntry{{"train/cat/0.jpg", good}, {"test/cat/0.jpg", good}}
	for _, tc := range []struct {
		name  string
		entry zipEntry
		want  string
	}{
		{"class", zipEntry{"train/unicorn/0.jpg", good}, "one of the classes airplane"},
		{"type", zipEntry{"train/cat/0.txt", good}, "neither PNG nor JPEG"},
		{"out of the archive", zipEntry{"train/../../cat/0.jpg", good}, "a path that leads out"},
		{"size", zipEntry{"train/cat/1.jpg", plainJPEG(t, 16, color.White)}, "16×16 pixels; want 32×32"},
		{"huge", zipEntry{"train/cat/1.jpg", huge}, "65535×65535 pixels"},
		{"not a JPEG", zipEntry{"train/cat/1.jpg", make([]byte, 500)}, "not a JPEG"},
		{"truncated", zipEntry{"train/cat/1.jpg", good[:len(good)-20]}, "train/cat/1.jpg"},
		{"tiny", zipEntry{"train/cat/1.jpg", good[:50]}, "50 bytes are no image"},
		{"twice", zipEntry{"train/cat/0.jpg", good}, "occurs twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := allocated(func() {
				_, err := LoadCIFAR10(zipOf(t, append(base, tc.entry)...))
				var bad *FormatError
				require.ErrorAs(t, err, &bad)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, tc.entry.name)
			})
			require.Less(t, n, uint64(4<<20))
		})
	}
	_, err := LoadCIFAR10(zipOf(t, base[0]))
	require.ErrorContains(t, err, "1 training and 0 test images")
	_, err = LoadCIFAR10(fstest.MapFS{cifarFile: &fstest.MapFile{Data: []byte("no zip")}})
	require.ErrorContains(t, err, "not a readable zip")
}

// TestCIFARBinary: files of the format of the binary versions, in a folder and
// in the archive.
func TestCIFARBinary(t *testing.T) {
	record := func(labels []byte, seed byte) []byte {
		r := bytes.Clone(labels)
		for k := range 3 * 32 * 32 {
			r = append(r, byte(k)+seed)
		}
		return r
	}
	for _, tc := range []struct {
		c    cifarBinary
		load func(fs.FS) (*Splits, error)
		head []byte
	}{
		{cifar10Binary, LoadCIFAR10, nil},
		{cifar100Binary, LoadCIFAR100, []byte{7}},
	} {
		folder := fstest.MapFS{}
		var packed bytes.Buffer
		zw := gzip.NewWriter(&packed)
		tw := tar.NewWriter(zw)
		for k, name := range append(slices.Clone(tc.c.train), tc.c.test...) {
			content := slices.Concat(record(append(bytes.Clone(tc.head), byte(k)), 1), record(append(bytes.Clone(tc.head), 9), 2))
			folder[name] = &fstest.MapFile{Data: content}
			require.NoError(t, tw.WriteHeader(&tar.Header{Name: "cifar/" + name, Size: int64(len(content)), Mode: 0o600}))
			_, err := tw.Write(content)
			require.NoError(t, err)
		}
		require.NoError(t, tw.Close())
		require.NoError(t, zw.Close())
		s, err := tc.load(folder)
		require.NoError(t, err)
		require.NoError(t, s.Validate())
		require.Equal(t, 2*len(tc.c.train), s.Train.Len())
		require.Equal(t, []int32{0, 9}, s.Train.Y[:2])
		require.Equal(t, tc.c.classes[9], s.Train.ClassName(9))
		require.Equal(t, float32(1)/255, s.Train.X[0])
		require.Equal(t, float32(255)/255, s.Train.X[254])
		require.Equal(t, float32(2)/255, s.Train.Row(1)[0])

		again, err := tc.load(fstest.MapFS{tc.c.archive: &fstest.MapFile{Data: packed.Bytes()}})
		require.NoError(t, err)
		require.Equal(t, s, again)

		_, err = tc.load(fstest.MapFS{tc.c.archive: &fstest.MapFile{Data: packed.Bytes()[:packed.Len()/2]}})
		var bad *FormatError
		require.ErrorAs(t, err, &bad)
		first := tc.c.train[0]
		folder[first] = &fstest.MapFile{Data: folder[first].Data[1:]}
		_, err = tc.load(folder)
		require.ErrorContains(t, err, "are not whole records of")
		folder[first] = &fstest.MapFile{Data: record(append(bytes.Clone(tc.head), 200), 0)}
		_, err = tc.load(folder)
		require.ErrorContains(t, err, "label 200 with")
	}
	_, err := LoadCIFAR100(fstest.MapFS{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.True(t, slices.IsSorted(cifar100Classes))
	require.Len(t, slices.Compact(slices.Clone(cifar100Classes)), 100)
}

// TestCIFAR10FirstError: whatever the workers do, the first bad entry by name
// is the one reported.
func TestCIFAR10FirstError(t *testing.T) {
	good := plainJPEG(t, 32, color.White)
	entries := []zipEntry{{"test/cat/0.jpg", good}}
	for i := range 60 {
		e := zipEntry{fmt.Sprintf("train/cat/%02d.jpg", i), good}
		if i >= 31 {
			e.data = make([]byte, 500)
		}
		entries = append(entries, e)
	}
	fsys := zipOf(t, entries...)
	for range 20 {
		_, err := LoadCIFAR10(fsys)
		require.ErrorContains(t, err, "train/cat/31.jpg")
	}
}

func TestCIFAR10(t *testing.T) {
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("decodes 60 000 images; set MINIUNLEARN_LONG=1")
	}
	realData(t, "cifar10")
	s, err := Load("cifar10", "")
	require.NoError(t, err)
	for c := range 10 {
		require.Equal(t, 5000, s.Train.ClassCounts()[c])
		require.Equal(t, 1000, s.Test.ClassCounts()[c])
	}
	// The usual constants of the original pixels; JPEG moves them a little.
	st := ChannelStats(s.Train)
	require.InDeltaSlice(t, []float64{0.4914, 0.4822, 0.4465}, st.Mean, 2e-3)
	require.InDeltaSlice(t, []float64{0.2470, 0.2435, 0.2616}, st.Std, 5e-3)
}
