package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// prepare runs the example on the folder and the image that the arguments name,
// or on pictures of its own.
func prepare(ctx context.Context, out io.Writer, args []string) error {
	if len(args) > 1 {
		return run(ctx, out, args[0], args[1:]...)
	}
	if len(args) == 1 {
		return errors.New("name the folder and then the images to forget, as in: ownimages FOLDER cat/0001.png")
	}
	folder, err := os.MkdirTemp("", "ownimages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := draw(folder, 100); err != nil {
		return err
	}
	return run(ctx, out, folder, "disc/0007.png")
}

// draw writes noisy pictures of discs, rings and bars, so many of each.
func draw(folder string, count int) error {
	r := rand.New(rand.NewPCG(1, 0))
	for k, class := range []string{"bar", "disc", "ring"} {
		if err := os.MkdirAll(filepath.Join(folder, class), 0o777); err != nil {
			return err
		}
		for i := range count {
			const side = 24
			img := image.NewNRGBA(image.Rect(0, 0, side, side))
			x0, y0, size := 7+10*r.Float64(), 7+10*r.Float64(), 3+3*r.Float64()
			for y := range side {
				for x := range side {
					dx, dy := float64(x)-x0, float64(y)-y0
					inside := [3]bool{math.Abs(dy) < size/3 && math.Abs(dx) < 2*size, math.Hypot(dx, dy) < size, math.Abs(math.Hypot(dx, dy)-size) < 1}[k]
					v := 60 + 60*r.Float64()
					if inside {
						v += 90
					}
					img.Set(x, y, color.NRGBA{uint8(v), uint8(v), uint8(255 - v), 255})
				}
			}
			f, err := os.Create(filepath.Join(folder, class, fmt.Sprintf("%04d.png", i)))
			if err != nil {
				return err
			}
			if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}
