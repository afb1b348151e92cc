package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Augment shows training another version of each image in each epoch. The zero
// value shows the images as they are.
type Augment struct {
	// Crop adds that many pixels of 0 on each side and cuts an image of the
	// original size out at random. Standardised data make 0 the mean.
	Crop int
	// Flip mirrors half of the images, left to right.
	Flip bool
}

// String is a notation for results: equal augmentations have equal strings.
func (a Augment) String() string {
	switch {
	case a.Crop > 0 && a.Flip:
		return fmt.Sprintf("crop:%d,flip", a.Crop)
	case a.Crop > 0:
		return fmt.Sprintf("crop:%d", a.Crop)
	case a.Flip:
		return "flip"
	}
	return "none"
}

func (a Augment) validate(shape []int) error {
	if a == (Augment{}) {
		return nil
	}
	if len(shape) != 3 {
		return fmt.Errorf("nets: config: augment %v needs images of [C, H, W], not examples of %v", a, shape)
	}
	if a.Crop < 0 || a.Crop >= min(shape[1], shape[2]) {
		return fmt.Errorf("nets: config: augment: crop %d is outside [0, %d), the side of the image", a.Crop, min(shape[1], shape[2]))
	}
	return nil
}

// View is how an epoch of a run sees the examples. It is a pure function of the
// run's seed, the epoch and the example's ID, so that whoever comes back to
// a step, with any part of its batch, sees what the step saw. The zero View
// shows examples as they are.
type View struct {
	Augment Augment
	Seed    uint64
	Epoch   int
}

// show writes to dst the image src, of shape [C, H, W], of the example id.
func (v View) show(dst, src []float32, shape []int, id int) {
	if v.Augment == (Augment{}) {
		copy(dst, src)
		return
	}
	flip, dy, dx := v.draw(id)
	channels, h, w := shape[0], shape[1], shape[2]
	// dst[y, x] = src[y+dy, x+dx]; these columns have one.
	from, to := max(0, -dx), min(w, w-dx)
	for c := range channels {
		for y := range h {
			row := dst[(c*h+y)*w:][:w]
			if y+dy < 0 || y+dy >= h {
				clear(row)
				continue
			}
			clear(row[:from])
			copy(row[from:to], src[(c*h+y+dy)*w:][from+dx:])
			clear(row[to:])
			if flip {
				for i, j := 0, w-1; i < j; i, j = i+1, j-1 {
					row[i], row[j] = row[j], row[i]
				}
			}
		}
	}
}

// draw returns whether the example is mirrored, and where its window begins.
func (v View) draw(id int) (flip bool, dy, dx int) {
	// Two rounds, so that every bit of the three numbers reaches every bit of
	// the outcome.
	p := purpose.Stream(v.Seed, purpose.Augment, uint64(v.Epoch))
	p.Seed(p.Uint64(), uint64(id))
	p.Uint64()
	bits := p.Uint64()
	// Of 2³⁰ numbers some of the 2·Crop+1 places get one more than others.
	place := func(bits uint64) int {
		return int(bits&(1<<30-1)*uint64(2*v.Augment.Crop+1)>>30) - v.Augment.Crop
	}
	return v.Augment.Flip && bits>>63 == 1, place(bits), place(bits >> 30)
}
