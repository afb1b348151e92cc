//go:build libtorch

package libtorch

import "github.com/miniunlearn/miniunlearn/graph"

// kernel computes a node from the values of its inputs, which it must not
// change, that of exec.over excepted. Its result is contiguous and has the
// node's shape.
type kernel func(x *exec, in []tensor) tensor

// kernel returns the kernel of n's op, nil if there is none.
func (c *compiler) kernel(n *graph.Node) kernel {
	var in graph.Shape // of the first input
	if ins := n.Inputs(); len(ins) > 0 {
		in = ins[0].Shape()
	}
	switch op := n.Op().(type) {
	// The flat vector.
	case graph.ViewOp:
		return view(op.Off, op.Shape)
	case graph.ReshapeOp:
		return view(0, op.Shape)
	case graph.PackOp:
		return pack(op, n.Inputs())

	// Elementwise.
	case graph.LinOp:
		return lin(op.C)
	case graph.AddScaledOp:
		return addScaled
	case graph.ScaleByOp:
		return func(x *exec, in []tensor) tensor { return x.mul(in[1], in[0], x.over == 1) }
	case graph.MulOp:
		return func(x *exec, in []tensor) tensor {
			if x.over == 1 {
				return x.mul(in[1], in[0], true)
			}
			return x.mul(in[0], in[1], x.over == 0)
		}
	case graph.FillOp:
		d := dims(n.Shape())
		return func(x *exec, _ []tensor) tensor { return x.full(d, op.Value) }
	case graph.ActOp:
		return func(x *exec, in []tensor) tensor { return activate(x, op.Act, in[0], x.over == 0) }
	case graph.ActGradOp:
		return actGrad(op.Act)
	case graph.GELUOp:
		return gelu(op.Order)

	// Sums.
	case graph.DotOp:
		return func(x *exec, in []tensor) tensor { return x.dot(in[0], in[1]) }
	case graph.RowDotOp:
		return rowSum(in, true)
	case graph.RowSumOp:
		return rowSum(in, false)
	case graph.ChannelSumOp:
		return channelSum(in, false)
	case graph.ChannelDotOp:
		return channelSum(in, true)

	// Broadcasts.
	case graph.RowScaleOp:
		rows := beside(n.Shape(), 0)
		return func(x *exec, in []tensor) tensor { return x.mul(in[1], x.reshape(in[0], rows...), x.over == 1) }
	case graph.RowFillOp:
		return fill(op.Shape, 0)
	case graph.ChannelFillOp:
		return fill(op.Shape, 1)
	case graph.ChannelScaleOp:
		channels := beside(in, 1)
		return func(x *exec, in []tensor) tensor { return x.mul(in[0], x.reshape(in[1], channels...), x.over == 0) }
	case graph.ChannelAffineOp:
		return channelAffine(op.Act, in)
	case graph.BiasOp:
		return bias(op.Act, in)

	// Tables.
	case graph.RowsOp:
		return func(x *exec, in []tensor) tensor { return x.rows(in[0], in[1]) }
	case graph.AddRowsOp:
		return func(x *exec, in []tensor) tensor { return x.addRows(in[0], in[1], op.N, c.ordered) }

	// Dense and loss.
	case graph.MatMulOp:
		return matMul(op)
	case graph.SoftmaxOp:
		return softmax
	case graph.LogSoftmaxOp:
		return logSoftmax
	case graph.OneHotOp:
		return c.oneHot(op.K, n.Shape())
	case graph.CrossEntropyOp:
		return crossEntropy
	case graph.CrossEntropyGradOp:
		return c.crossEntropyGrad(n.Shape())

	// Images.
	case graph.Conv2DOp:
		return func(x *exec, in []tensor) tensor { return x.conv(in[0], in[1], op.Stride, op.Pad) }
	case graph.ConvInputGradOp:
		image := dims(n.Shape())
		return func(x *exec, in []tensor) tensor { return x.convInputGrad(in[0], in[1], image, op.Stride, op.Pad) }
	case graph.ConvKernelGradOp:
		k := dims(n.Shape())
		return func(x *exec, in []tensor) tensor {
			return x.convKernelGrad(in[0], in[1], k, op.Stride, op.Pad, 1)
		}
	case graph.ConvKernelGradEachOp:
		return convKernelGradEach(op, in, n.Inputs()[1].Shape(), n.Shape())
	case graph.MaxPoolOp:
		return c.maxPool(n.Inputs()[0], op.Pool)
	case graph.MaxPoolGatherOp:
		return c.maxPoolGather(n.Inputs()[0], op.Pool)
	case graph.MaxPoolScatterOp:
		return c.maxPoolScatter(n.Inputs()[0], op.Pool)
	case graph.AvgPoolOp:
		return avgPool(op.Pool)
	case graph.AvgPoolGradOp:
		return avgPoolGrad(op.Pool, n.Shape())

	// Normalisation.
	case graph.NormalizeOp:
		return c.normalize(n.Inputs()[0], op.Eps)
	case graph.InvStdOp:
		return c.invStd(n.Inputs()[0], op.Eps)
	case graph.NormalizeGradOp:
		return normalizeGrad(in)
	}
	return nil
}
