package graph

import (
	"fmt"
	"slices"
)

// ConvConfig holds the options of a convolution.
type ConvConfig struct {
	Stride int // in both directions; 0 means 1
	Pad    int // zeros on each of the four sides
}

// Conv2D returns the convolution (in the sense of networks: a correlation) of
// x, of [N, inC, H, W], with the kernel k, of [outC, inC, kh, kw]:
//
//	y[n, o, r, s] = Σ_{c,i,j} k[o, c, i, j] · x[n, c, r·Stride+i−Pad, s·Stride+j−Pad]
//
// of shape [N, outC, (H+2·Pad−kh)/Stride+1, (W+2·Pad−kw)/Stride+1], x being zero
// outside.
func Conv2D(x, k *Node, c ConvConfig) *Node {
	return Apply(Conv2DOp{Stride: max(1, c.Stride), Pad: c.Pad}, x, k)
}

// The three ops below are the derivatives of one trilinear form,
//
//	T(x, k, g) = Σ g[n, o, r, s] · k[o, c, i, j] · x[n, c, r·Stride+i−Pad, s·Stride+j−Pad],
//
// with respect to g, x and k. So the derivatives of each are the other two.

// Conv2DOp is the convolution ∂T/∂g of x and k.
type Conv2DOp struct{ Stride, Pad int }

// ConvInputGradOp is ∂T/∂x of k and g, for images of H×W: the adjoint of the
// convolution as a function of its images.
type ConvInputGradOp struct{ Stride, Pad, H, W int }

// ConvKernelGradOp is ∂T/∂k of x and g, for kernels of KH×KW: the adjoint of
// the convolution as a function of its kernel.
type ConvKernelGradOp struct{ Stride, Pad, KH, KW int }

func (op Conv2DOp) String() string { return fmt.Sprintf("conv2d stride %d pad %d", op.Stride, op.Pad) }

func (op ConvInputGradOp) String() string {
	return fmt.Sprintf("convinputgrad stride %d pad %d to %d×%d", op.Stride, op.Pad, op.H, op.W)
}

func (op ConvKernelGradOp) String() string {
	return fmt.Sprintf("convkernelgrad stride %d pad %d to %d×%d", op.Stride, op.Pad, op.KH, op.KW)
}

// Infer implements Op.
func (op Conv2DOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 && len(in[0]) == 4 && len(in[1]) == 4 && in[0][1] == in[1][1] {
		if f, ok := newForm(op.Stride, op.Pad, in[0], in[1]); ok {
			return f.output(), nil
		}
	}
	return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] and kernels of [K, C, kh, kw] that fit into them"}
}

// Infer implements Op.
func (op ConvInputGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 && len(in[0]) == 4 && len(in[1]) == 4 {
		x := Shape{in[1][0], in[0][1], op.H, op.W}
		if f, ok := newForm(op.Stride, op.Pad, x, in[0]); ok && slices.Equal(f.output(), in[1]) {
			return x, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "kernels of [K, C, kh, kw] and the gradient [N, K, oh, ow] of their convolution"}
}

// Infer implements Op.
func (op ConvKernelGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 && len(in[0]) == 4 && len(in[1]) == 4 {
		k := Shape{in[1][1], in[0][1], op.KH, op.KW}
		if f, ok := newForm(op.Stride, op.Pad, in[0], k); ok && slices.Equal(f.output(), in[1]) {
			return k, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] and the gradient [N, K, oh, ow] of their convolution"}
}

// Diff implements Op.
func (op Conv2DOp) Diff(in []*Node, _, grad *Node) []*Node {
	x, k := in[0], in[1]
	return []*Node{
		Apply(ConvInputGradOp{op.Stride, op.Pad, x.shape[2], x.shape[3]}, k, grad),
		Apply(ConvKernelGradOp{op.Stride, op.Pad, k.shape[2], k.shape[3]}, x, grad),
	}
}

// Diff implements Op.
func (op ConvInputGradOp) Diff(in []*Node, _, grad *Node) []*Node {
	k, g := in[0], in[1]
	return []*Node{
		Apply(ConvKernelGradOp{op.Stride, op.Pad, k.shape[2], k.shape[3]}, grad, g),
		Apply(Conv2DOp{op.Stride, op.Pad}, grad, k),
	}
}

// Diff implements Op.
func (op ConvKernelGradOp) Diff(in []*Node, _, grad *Node) []*Node {
	x, g := in[0], in[1]
	return []*Node{
		Apply(ConvInputGradOp{op.Stride, op.Pad, x.shape[2], x.shape[3]}, grad, g),
		Apply(Conv2DOp{op.Stride, op.Pad}, x, grad),
	}
}
