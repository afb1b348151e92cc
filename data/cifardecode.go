package data

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// cifarDecode decodes the entries into their rows, on all processors. Every
// row depends on its entry alone. Entries are claimed in order, so when one
// fails all before it are finished, and the first error by position is the
// same in every run.
func cifarDecode(name string, entries []cifarImage) (*Dataset, error) {
	const features = 3 * cifarSide * cifarSide
	ds := &Dataset{
		Name:    name,
		X:       make([]float32, len(entries)*features),
		Y:       make([]int32, len(entries)),
		Shape:   []int{3, cifarSide, cifarSide},
		Classes: len(cifarClasses()),
	}
	var (
		next   atomic.Int64
		failed atomic.Bool
		wg     sync.WaitGroup
		mu     sync.Mutex
		first  error
		at     = len(entries)
	)
	for range min(runtime.GOMAXPROCS(0), len(entries)) {
		wg.Go(func() {
			d := newCIFARDecoder()
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					return
				}
				ds.Y[i] = entries[i].label
				if err := d.decode(entries[i], ds.X[i*features:(i+1)*features]); err != nil {
					failed.Store(true)
					mu.Lock()
					if i < at {
						first, at = err, i
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if first != nil {
		return nil, first
	}
	return ds, nil
}

// cifarDecoder holds the buffers of one worker.
type cifarDecoder struct {
	packed bytes.Buffer
	pixels *image.RGBA
}

func newCIFARDecoder() *cifarDecoder {
	return &cifarDecoder{pixels: image.NewRGBA(image.Rect(0, 0, cifarSide, cifarSide))}
}

// decode writes the pixels of one entry to row: all red ones, then all green,
// then all blue, in [0, 1].
func (d *cifarDecoder) decode(e cifarImage, row []float32) error {
	name := e.file.Name
	rc, err := e.file.Open()
	if err != nil {
		return cifarError(name, err, "cannot be unpacked")
	}
	defer rc.Close()
	d.packed.Reset()
	// One byte above the limit tells "at the limit" from "beyond it", and
	// reading to the end makes zip check its checksum.
	if n, err := d.packed.ReadFrom(io.LimitReader(rc, cifarEntry+1)); err != nil || n > cifarEntry {
		return cifarError(name, err, "cannot be unpacked to at most %d bytes; fetch the file again", cifarEntry)
	}
	// The size first: a JPEG header may claim 65535×65535 pixels.
	config, err := jpeg.DecodeConfig(bytes.NewReader(d.packed.Bytes()))
	if err != nil {
		return cifarError(name, err, "not a JPEG")
	}
	if config.Width != cifarSide || config.Height != cifarSide {
		return cifarError(name, nil, "%d×%d pixels; want %d×%d", config.Width, config.Height, cifarSide, cifarSide)
	}
	img, err := jpeg.Decode(bytes.NewReader(d.packed.Bytes()))
	if err != nil {
		return cifarError(name, err, "a damaged JPEG")
	}
	draw.Draw(d.pixels, d.pixels.Bounds(), img, img.Bounds().Min, draw.Src)
	const plane = cifarSide * cifarSide
	for p := range plane {
		for c := range 3 {
			row[c*plane+p] = float32(d.pixels.Pix[4*p+c]) / 255
		}
	}
	return nil
}
