package images

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data/files"
)

type entry struct {
	name string
	data []byte
}

// picture is an image whose pixels say which one it is.
func picture(w, h int, seed uint8) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{seed + uint8(x), uint8(40 * y), 255 - seed, 255})
		}
	}
	return img
}

func asPNG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}))
	return b.Bytes()
}

func some(t testing.TB) []entry {
	return []entry{
		{"README", []byte("above the classes")},
		{"train/dog/b.png", asPNG(t, picture(6, 5, 3))},
		{"train/dog/a.png", asPNG(t, picture(6, 5, 2))},
		{"train/.DS_Store", []byte("no image")},
		{"train/cat/deeper/z.PNG", asPNG(t, picture(6, 5, 1))},
		{"test/dog/c.jpeg", asJPEG(t, picture(6, 5, 4))},
		{"val/cat/d.jpg", asJPEG(t, picture(6, 5, 5))},
	}
}

func folder(t testing.TB, entries []entry) string {
	dir := t.TempDir()
	for _, e := range entries {
		path := filepath.Join(dir, filepath.FromSlash(e.name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, e.data, 0o600))
	}
	return dir
}

func zipFile(t testing.TB, entries []entry) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		require.NoError(t, err)
		_, err = f.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	path := filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func tarFile(t testing.TB, entries []entry, packed bool) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o700}))
	for _, e := range entries {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "./" + e.name, Size: int64(len(e.data)), Mode: 0o600, Format: tar.FormatPAX}))
		_, err := w.Write(e.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	content, name := b.Bytes(), "a.tar"
	if packed {
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		_, err := zw.Write(content)
		require.NoError(t, err)
		require.NoError(t, zw.Close())
		content, name = z.Bytes(), "a.tgz"
	}
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// load lists and decodes.
func load(t testing.TB, path string, shape Shape) (*Set, Shape, [][]float32, error) {
	s, err := List(t.Context(), path)
	if err != nil {
		return nil, shape, nil, err
	}
	t.Cleanup(func() { s.Close() })
	if shape, err = s.Measure(t.Context(), shape); err != nil {
		return s, shape, nil, err
	}
	x := make([][]float32, len(s.Files))
	for i := range x {
		x[i] = make([]float32, shape.Features())
	}
	return s, shape, x, s.Decode(t.Context(), shape, func(i int) []float32 { return x[i] })
}

func TestForms(t *testing.T) {
	entries := some(t)
	var first [][]float32
	for _, path := range []string{folder(t, entries), zipFile(t, entries), tarFile(t, entries, false), tarFile(t, entries, true)} {
		s, shape, x, err := load(t, path, Shape{})
		require.NoError(t, err, path)
		require.Equal(t, Shape{Channels: 3, Height: 5, Width: 6}, shape)
		require.Equal(t, []string{"cat", "dog"}, s.Classes)
		var names []string
		for _, f := range s.Files {
			names = append(names, f.Part+":"+f.Class+":"+filepath.Base(f.Name))
		}
		require.Equal(t, []string{"test:dog:c.jpeg", "train:cat:z.PNG", "train:dog:a.png", "train:dog:b.png", "validation:cat:d.jpg"}, names)
		for i, seed := range []uint8{4, 1, 2, 3, 5} {
			within := 0.0
			if i == 0 || i == 4 {
				within = 0.1 // JPEG halves the resolution of colours
			}
			for y := range 5 {
				for px := range 6 {
					at := y*6 + px
					require.InDelta(t, float64(seed+uint8(px))/255, x[i][at], within+1e-7)
					require.InDelta(t, float64(40*y)/255, x[i][30+at], within+1e-7)
					require.InDelta(t, float64(255-seed)/255, x[i][60+at], within+1e-7)
				}
			}
		}
		if first == nil {
			first = x
		}
		require.Equal(t, first, x, path)
		old := runtime.GOMAXPROCS(1)
		_, _, one, err := load(t, path, Shape{})
		runtime.GOMAXPROCS(old)
		require.NoError(t, err)
		require.Equal(t, first, one)
	}
}

func TestGray(t *testing.T) {
	g := image.NewGray(image.Rect(0, 0, 4, 3))
	for i := range g.Pix {
		g.Pix[i] = uint8(20 * i)
	}
	deep := image.NewGray16(g.Bounds())
	for i := range g.Pix {
		deep.SetGray16(i%4, i/4, color.Gray16{uint16(20*i)<<8 | 7})
	}
	dir := folder(t, []entry{{"a/1.png", asPNG(t, g)}, {"b/2.png", asPNG(t, deep)}, {"b/3.jpg", asJPEG(t, g)}})
	_, shape, x, err := load(t, dir, Shape{})
	require.NoError(t, err)
	require.Equal(t, Shape{Channels: 1, Height: 3, Width: 4}, shape)
	for i := range 12 {
		require.Equal(t, float32(20*i)/255, x[0][i])
		require.InDelta(t, x[0][i], x[1][i], 1e-7)
		require.InDelta(t, x[0][i], x[2][i], 0.03)
	}
	_, _, x, err = load(t, dir, Shape{Channels: 3})
	require.NoError(t, err)
	require.Equal(t, x[0][:12], x[0][24:])

	dir = folder(t, []entry{{"a/1.png", asPNG(t, g)}, {"b/2.png", asPNG(t, picture(4, 3, 1))}})
	_, _, _, err = load(t, dir, Shape{})
	require.ErrorContains(t, err, "b/2.png: an image with colours, where the first one has none")
	_, _, x, err = load(t, dir, Shape{Channels: 1, ToGray: true})
	require.NoError(t, err)
	require.InDelta(t, 0.299*1/255+0.114*254/255, x[1][0], 0.005, "luminance")
}

func TestResize(t *testing.T) {
	half := image.NewNRGBA(image.Rect(0, 0, 8, 8)) // left half black, right half white
	for i := range 64 {
		v := uint8(0)
		if i%8 >= 4 {
			v = 255
		}
		half.SetNRGBA(i%8, i/8, color.NRGBA{v, v, v, 255})
	}
	dir := folder(t, []entry{{"a/1.png", asPNG(t, picture(6, 5, 1))}, {"b/2.png", asPNG(t, half)}})
	_, _, _, err := load(t, dir, Shape{})
	require.ErrorContains(t, err, "b/2.png: 8×8 pixels; want 6×5; say size=5x6 to scale all images to one size")
	_, _, x, err := load(t, dir, Shape{Height: 2, Width: 2, Resize: true})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float32{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, x[1], 0.1)
}

func TestBad(t *testing.T) {
	good := asPNG(t, picture(6, 5, 1))
	huge := bytes.Clone(good)
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536 × 65536
	sum := crc32.ChecksumIEEE(huge[12:29])
	copy(huge[29:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	jpg := asJPEG(t, picture(6, 5, 1))
	for _, tc := range []struct {
		name  string
		entry entry
		want  string
	}{
		{"text", entry{"b/x.txt", good}, "b/x.txt: neither PNG nor JPEG"},
		{"size", entry{"b/x.png", asPNG(t, picture(7, 5, 1))}, "b/x.png: 7×5 pixels; want 6×5"},
		{"huge", entry{"b/x.png", huge}, "65536×65536 pixels; an image may have"},
		{"nothing", entry{"b/x.png", nil}, "0 bytes are no image"},
		{"no image", entry{"b/x.png", make([]byte, 200)}, "not a JPEG and not a PNG"},
		{"cut PNG", entry{"b/x.png", good[:len(good)-20]}, "b/x.png: a damaged image"},
		{"cut JPEG", entry{"b/x.jpg", jpg[:len(jpg)-100]}, "b/x.jpg: a damaged image"},
		{"flipped", entry{"b/x.png", append(bytes.Clone(good[:50]), good[51:]...)}, "damaged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			entries := []entry{{"a/1.png", good}, {"b/0.png", good}, tc.entry}
			for _, path := range []string{folder(t, entries), zipFile(t, entries), tarFile(t, entries, true)} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _, _, err := load(t, path, Shape{})
				runtime.ReadMemStats(&after)
				var bad *files.Error
				require.ErrorAs(t, err, &bad)
				require.ErrorContains(t, err, tc.want)
				require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
			}
		})
	}
	for _, name := range []string{"../a/1.png", "a/../../1.png", "/a/1.png", `a\..\..\1.png/x/y.png`} {
		_, err := List(t.Context(), zipFile(t, []entry{{name, good}}))
		require.ErrorContains(t, err, "a path that leads out", name)
	}
	_, err := List(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "no images; put .png or .jpg files into a folder for each class")
	path := filepath.Join(t.TempDir(), "a.tar")
	require.NoError(t, os.WriteFile(path, []byte("PK\x03\x04 no zip at all"), 0o600))
	_, err = List(t.Context(), path)
	require.ErrorContains(t, err, "not a readable zip")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("no tar "), 500), 0o600))
	_, err = List(t.Context(), path)
	require.ErrorContains(t, err, "not a readable zip or tar")
	_, err = List(t.Context(), "/dev/zero")
	require.ErrorIs(t, err, files.ErrNotRegular)
}

// TestManySmall: an archive of tiny images that would fill the memory is refused
// before their pixels are set aside.
func TestManySmall(t *testing.T) {
	tiny := asPNG(t, image.NewGray(image.Rect(0, 0, 1000, 1000))) // about 1 kB of 4 MB
	var entries []entry
	for i := range 200 {
		entries = append(entries, entry{fmt.Sprintf("%c/%d.png", 'a'+i%2, i), tiny})
	}
	_, _, _, err := load(t, zipFile(t, entries), Shape{})
	require.ErrorContains(t, err, "200 images of 1×1000×1000 take 762 MiB of memory")
	require.ErrorContains(t, err, "unpack it into a folder")
}

// FuzzDecode: no file crashes the decoder or takes memory beyond the limits.
func FuzzDecode(f *testing.F) {
	f.Add(asPNG(f, picture(6, 5, 1)))
	f.Add(asJPEG(f, picture(6, 5, 1)))
	f.Add(asPNG(f, image.NewGray16(image.Rect(0, 0, 6, 5))))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := &decoder{set: &Set{Name: "f"}, shape: Shape{Channels: 3, Height: 5, Width: 6}}
		row := make([]float32, 90)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.decode("x", raw, row)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*len(raw)+8<<20))
		if err == nil {
			for _, v := range row {
				require.True(t, v >= 0 && v <= 1)
			}
		}
	})
}
