//go:build libtorch

package libtorch

import (
	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

// pair is a geometry of libtorch's: the same in both directions.
func pair(n int) []int64 { return []int64{int64(n), int64(n)} }

// largest is where the largest pixel of each window is: an index into the
// image's plane, which the ops on one image share.
type largest struct {
	image *graph.Node
	pool  graph.Pool
}

// maxima computes the pool of an image and fills the slot with the indices.
func maxima(x *exec, image tensor, p graph.Pool, slot int) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgMaxPool2dWithIndices(&x.ret[0], image, pair(p.Window), 2, pair(p.Stride), 2, pair(0), 2, pair(1), 2, 0)
	r := x.take()
	free(x.slots[slot])
	x.slots[slot] = x.keep(x.more(1))
	return r
}

// indices returns the slot's indices, computing them if no op has.
func indices(x *exec, image tensor, p graph.Pool, slot int) tensor {
	if x.slots[slot] == nil {
		maxima(x, image, p, slot)
	}
	return x.slots[slot]
}

func (c *compiler) maxPool(image *graph.Node, p graph.Pool) kernel {
	slot := c.slot(largest{image, p})
	return func(x *exec, in []tensor) tensor { return maxima(x, in[0], p, slot) }
}

func (c *compiler) maxPoolGather(image *graph.Node, p graph.Pool) kernel {
	slot := c.slot(largest{image, p})
	s := image.Shape()
	planes, pixels := int64(s[0]*s[1]), int64(s[2]*s[3])
	out := []int64{int64(s[0]), int64(s[1]), int64(windows(s[2], p)), int64(windows(s[3], p))}
	return func(x *exec, in []tensor) tensor {
		at := x.reshape(indices(x, in[0], p, slot), planes, out[2]*out[3])
		u := x.reshape(in[1], planes, pixels)
		if x.err != nil {
			return nil
		}
		libtch.AtgGather(&x.ret[0], u, 1, at, 0)
		return x.reshape(x.take(), out...)
	}
}

func windows(pixels int, p graph.Pool) int { return (pixels-p.Window)/p.Stride + 1 }

func (c *compiler) maxPoolScatter(image *graph.Node, p graph.Pool) kernel {
	slot := c.slot(largest{image, p})
	if c.ordered {
		return orderedScatter(image.Shape(), p, slot)
	}
	return func(x *exec, in []tensor) tensor {
		at := indices(x, in[0], p, slot)
		if x.err != nil {
			return nil
		}
		libtch.AtgMaxPool2dWithIndicesBackward(&x.ret[0], in[1], in[0], pair(p.Window), 2, pair(p.Stride), 2, pair(0), 2, pair(1), 2, 0, at)
		return x.take()
	}
}

// orderedScatter adds numbers in a fixed order, for devices where libtorch's
// own backward pass adds them as they come: the windows are taken in classes
// whose members do not overlap, so that each pixel gets one number at a time.
func orderedScatter(s graph.Shape, p graph.Pool, slot int) kernel {
	planes, pixels := int64(s[0]*s[1]), int64(s[2]*s[3])
	oh, ow := int64(windows(s[2], p)), int64(windows(s[3], p))
	step := int64((p.Window + p.Stride - 1) / p.Stride)
	return func(x *exec, in []tensor) tensor {
		at := x.reshape(indices(x, in[0], p, slot), planes, oh, ow)
		g := x.reshape(in[1], planes, oh, ow)
		var sum tensor
		for i := range min(step, oh) {
			for j := range min(step, ow) {
				index, some := x.every(at, i, j, step), x.every(g, i, j, step)
				part := x.full([]int64{planes, pixels}, 0)
				n := ((oh-i-1)/step + 1) * ((ow-j-1)/step + 1)
				index, some = x.reshape(index, planes, n), x.reshape(some, planes, n)
				if x.err != nil {
					return nil
				}
				libtch.AtgScatter_(&x.ret[0], part, 1, index, some)
				part = x.take()
				if sum == nil {
					sum = part
				} else {
					sum = x.add(sum, part, 1, true)
				}
			}
		}
		return x.reshape(sum, dims(s)...)
	}
}

// every returns the rows i, i+step, … and columns j, j+step, … of each plane.
func (x *exec) every(t tensor, i, j, step int64) tensor {
	if x.err != nil || step == 1 {
		return t
	}
	libtch.AtgSlice(&x.ret[0], t, 1, i, 0, 0, 1, step)
	if t = x.take(); t == nil {
		return nil
	}
	libtch.AtgSlice(&x.ret[0], t, 2, j, 0, 0, 1, step)
	if t = x.take(); t == nil {
		return nil
	}
	return x.unary(libtch.AtgContiguous, t)
}

func avgPool(p graph.Pool) kernel {
	return func(x *exec, in []tensor) tensor {
		if x.err != nil {
			return nil
		}
		libtch.AtgAvgPool2d(&x.ret[0], in[0], pair(p.Window), 2, pair(p.Stride), 2, pair(0), 2, 0, 1, 0, 1)
		return x.take()
	}
}

// avgPoolGrad gives libtorch an image that was never filled: it reads the
// shape only.
func avgPoolGrad(p graph.Pool, image graph.Shape) kernel {
	d := dims(image)
	return func(x *exec, in []tensor) tensor {
		shape := x.empty(d)
		if x.err != nil {
			return nil
		}
		libtch.AtgAvgPool2dBackward(&x.ret[0], in[0], shape, pair(p.Window), 2, pair(p.Stride), 2, pair(0), 2, 0, 1, 0, 1)
		return x.take()
	}
}
