package images

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"iter"
	"path"
	"runtime"

	"golang.org/x/image/draw"

	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// Shape is the size of all images of a set.
type Shape struct {
	Channels int `json:"channels"`
	Height   int `json:"height"`
	Width    int `json:"width"`
	// Resize scales images of another size, by Catmull and Rom's cubic, without
	// regard to their proportions. Otherwise they are an error.
	Resize bool `json:"resize,omitempty"`
	// ToGray takes the luminance of images with colours, where Channels is 1.
	// Otherwise they are an error.
	ToGray bool `json:"to_gray,omitempty"`
}

// Features returns the number of values of one image.
func (s Shape) Features() int { return s.Channels * s.Height * s.Width }

// maxPixels is the largest image that is decoded.
const maxPixels = 1 << 25

// Measure returns the shape of the first image, with what the given one says
// already.
func (s *Set) Measure(ctx context.Context, shape Shape) (Shape, error) {
	if shape.Channels != 0 && shape.Height != 0 && shape.Width != 0 {
		return shape, s.fits(shape)
	}
	first := s.Files[0]
	raw, err := s.first(ctx)
	if err != nil {
		return shape, err
	}
	config, _, err := s.config(first.Name, raw)
	if err != nil {
		return shape, err
	}
	if shape.Height == 0 || shape.Width == 0 {
		shape.Height, shape.Width = config.Height, config.Width
	}
	if shape.Channels == 0 {
		shape.Channels = 3
		if config.ColorModel == color.GrayModel || config.ColorModel == color.Gray16Model {
			shape.Channels = 1
		}
	}
	return shape, s.fits(shape)
}

// fits refuses what would take far more memory than an archive has bytes.
func (s *Set) fits(shape Shape) error {
	need := int64(len(s.Files)) * int64(shape.Features()) * 4
	if s.size > 0 && need > maxGrowth*s.size+growthSlack {
		return &files.Error{File: s.Name, Offset: -1, Msg: fmt.Sprintf("%d images of %d×%d×%d take %d MiB of memory, %d times the file; if they are right, unpack it into a folder",
			len(s.Files), shape.Channels, shape.Height, shape.Width, need>>20, need/s.size)}
	}
	return nil
}

// first returns the content of the first image.
func (s *Set) first(ctx context.Context) ([]byte, error) {
	if !s.tar {
		var b bytes.Buffer
		err := s.read(&b, &s.Files[0])
		return b.Bytes(), err
	}
	var found []byte
	_, err := eachEntry(ctx, s.Name, func(h *tar.Header, r io.Reader) error {
		if found == nil && path.Clean(h.Name) == s.Files[0].Name {
			var err error
			if found, err = io.ReadAll(io.LimitReader(r, maxFile)); err != nil {
				return s.fail(h.Name, err, "cannot be unpacked")
			}
		}
		return nil
	})
	return found, err
}

// job is one image on its way.
type job struct {
	at  int
	raw []byte // of a tar
	err error
}

// Decode decodes the files that to has a row for, of shape.Features() values, on
// all cores. Each row depends on its file alone; of several errors the first in
// the order of the files is returned.
func (s *Set) Decode(ctx context.Context, shape Shape, to func(i int) []float32) error {
	workers := runtime.GOMAXPROCS(0)
	decoders := make([]*decoder, max(1, workers))
	do := func(worker int, j *job) {
		if j.err != nil {
			return
		}
		row := to(j.at)
		if row == nil {
			return
		}
		if decoders[worker] == nil {
			decoders[worker] = &decoder{set: s, shape: shape}
		}
		d := decoders[worker]
		f := &s.Files[j.at]
		if !s.tar {
			d.packed.Reset()
			if j.err = s.read(&d.packed, f); j.err != nil {
				return
			}
			j.raw = d.packed.Bytes()
		}
		j.err = d.decode(f.Name, j.raw, row)
		j.raw = nil
	}
	for j := range parallel.Ordered(s.jobs(ctx), workers, do) {
		if j.err != nil {
			return j.err
		}
	}
	return nil
}

// jobs yields the files in their order, those of a tar in the tar's, with their
// bytes.
func (s *Set) jobs(ctx context.Context) iter.Seq[*job] {
	if !s.tar {
		return func(yield func(*job) bool) {
			for i := range s.Files {
				j := &job{at: i}
				if err := ctx.Err(); err != nil {
					j.err = fmt.Errorf("data: %s: %w", s.Name, err)
				}
				if !yield(j) || j.err != nil {
					return
				}
			}
		}
	}
	return func(yield func(*job) bool) {
		at := make(map[string]int, len(s.Files))
		for i, f := range s.Files {
			at[f.Name] = i
		}
		stop := fmt.Errorf("stop")
		seen := 0
		_, err := eachEntry(ctx, s.Name, func(h *tar.Header, r io.Reader) error {
			i, ok := at[path.Clean(h.Name)]
			if !ok {
				return nil
			}
			raw := make([]byte, 0, min(h.Size, 1<<20))
			b := bytes.NewBuffer(raw)
			if _, err := b.ReadFrom(io.LimitReader(r, maxFile)); err != nil {
				return s.fail(h.Name, err, "cannot be unpacked")
			}
			seen++
			if !yield(&job{at: i, raw: b.Bytes()}) {
				return stop
			}
			return nil
		})
		switch {
		case err == stop:
		case err != nil:
			yield(&job{err: err})
		case seen != len(s.Files):
			yield(&job{err: &files.Error{File: s.Name, Offset: -1, Msg: "the file changed while it was read"}})
		}
	}
}

// read appends the content of a file to b.
func (s *Set) read(b *bytes.Buffer, f *File) error {
	var r io.ReadCloser
	var err error
	if f.zip != nil {
		if r, err = f.zip.Open(); err != nil {
			return s.fail(f.Name, err, "cannot be unpacked")
		}
	} else if r, err = files.Regular(f.path); err != nil {
		return err
	}
	defer r.Close()
	// One byte above the limit tells "at the limit" from "beyond it", and
	// reading to the end makes zip check its checksum.
	if n, err := b.ReadFrom(io.LimitReader(r, f.Size+1)); err != nil || n > f.Size {
		return s.fail(f.Name, err, "cannot be read as its %d bytes; fetch it again", f.Size)
	}
	return nil
}

// decoder holds the buffers of one worker.
type decoder struct {
	set    *Set
	shape  Shape
	packed bytes.Buffer
	pixels *image.RGBA // of the shape
}

// config reads the size and the kind of an image, without decoding it: a header
// may claim any number of pixels.
func (s *Set) config(name string, raw []byte) (image.Config, func(io.Reader) (image.Image, error), error) {
	var config image.Config
	var err error
	decode := jpeg.Decode
	switch {
	case bytes.HasPrefix(raw, []byte("\x89PNG")):
		decode = png.Decode
		config, err = png.DecodeConfig(bytes.NewReader(raw))
	case bytes.HasPrefix(raw, []byte{0xff, 0xd8}):
		config, err = jpeg.DecodeConfig(bytes.NewReader(raw))
	default:
		return config, nil, s.fail(name, nil, "not a JPEG and not a PNG")
	}
	if err != nil {
		return config, nil, s.fail(name, err, "a damaged image")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return config, nil, s.fail(name, nil, "%d×%d pixels; an image may have %d", config.Width, config.Height, maxPixels)
	}
	return config, decode, nil
}

// decode writes the pixels of one image to row, channel after channel, in
// [0, 1].
func (d *decoder) decode(name string, raw []byte, row []float32) error {
	s, shape := d.set, d.shape
	config, decode, err := s.config(name, raw)
	if err != nil {
		return err
	}
	if (config.Width != shape.Width || config.Height != shape.Height) && !shape.Resize {
		return s.fail(name, nil, "%d×%d pixels; want %d×%d; say size=%dx%d to scale all images to one size", config.Width, config.Height, shape.Width, shape.Height, shape.Height, shape.Width)
	}
	img, err := decode(bytes.NewReader(raw))
	if err != nil {
		return s.fail(name, err, "a damaged image")
	}
	size := image.Rect(0, 0, shape.Width, shape.Height)
	if b := img.Bounds(); b.Dx() != shape.Width || b.Dy() != shape.Height {
		scaled := image.NewRGBA(size)
		draw.CatmullRom.Scale(scaled, size, img, b, draw.Src, nil)
		if shape.Channels == 1 && isGray(img) {
			gray(row, scaled) // as all channels are
			return nil
		}
		img = scaled
	}
	if shape.Channels == 1 {
		g, ok := img.(*image.Gray)
		if !ok {
			if !isGray(img) && !shape.ToGray {
				return s.fail(name, nil, "an image with colours, where the first one has none; say channels=3 or channels=1")
			}
			b := img.Bounds()
			g = image.NewGray(size)
			stddraw.Draw(g, size, img, b.Min, stddraw.Src)
		}
		for y := range shape.Height {
			line := g.Pix[y*g.Stride:][:shape.Width]
			for x, v := range line {
				row[y*shape.Width+x] = float32(v) / 255
			}
		}
		return nil
	}
	if d.pixels == nil {
		d.pixels = image.NewRGBA(size)
	}
	stddraw.Draw(d.pixels, size, img, img.Bounds().Min, stddraw.Src)
	plane := shape.Height * shape.Width
	for p := range plane {
		px := d.pixels.Pix[4*p:][:3]
		row[p] = level[px[0]]
		row[plane+p] = level[px[1]]
		row[2*plane+p] = level[px[2]]
	}
	return nil
}

// level is the value of a sample of eight bits.
var level = func() (l [256]float32) {
	for v := range l {
		l[v] = float32(v) / 255
	}
	return l
}()

// isGray reports whether an image cannot have colours.
func isGray(img image.Image) bool {
	m := img.ColorModel()
	return m == color.GrayModel || m == color.Gray16Model
}

// gray writes a grey image that was drawn in colour.
func gray(row []float32, img *image.RGBA) {
	for p := range row {
		row[p] = level[img.Pix[4*p]]
	}
}
