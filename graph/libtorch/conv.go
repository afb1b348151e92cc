//go:build libtorch

package libtorch

import "github.com/miniunlearn/miniunlearn/graph"

// convKernelGradEach is one convolution in groups, a group for each example.
func convKernelGradEach(op graph.ConvKernelGradEachOp, image, grad, out graph.Shape) kernel {
	n, c, k := image[0], image[1], grad[1]
	x1 := []int64{1, int64(n * c), int64(image[2]), int64(image[3])}
	g1 := []int64{1, int64(n * k), int64(grad[2]), int64(grad[3])}
	kernels := []int64{int64(n * k), int64(c), int64(op.KH), int64(op.KW)}
	each := dims(out)
	return func(x *exec, in []tensor) tensor {
		r := x.convKernelGrad(x.reshape(in[0], x1...), x.reshape(in[1], g1...), kernels, op.Stride, op.Pad, n)
		return x.reshape(r, each...)
	}
}
