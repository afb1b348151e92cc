package graph

import (
	"fmt"
	"slices"
)

// PerExampleSquaredNorms returns, for losses of [N] computed from views of the
// vector w, the squared norm ‖∂losses[i]/∂w‖² of each example's own gradient,
// [N], without computing the gradients: a dense layer's is ‖x_i‖²·‖δ_i‖², the
// others' are sums over positions (Goodfellow, Efficient per-example gradient
// computations, arXiv 1510.01799). The result can be differentiated.
//
// It is strict: it panics with an *OpError if examples may meet anywhere
// between w and losses, if a view is used twice, or if a parameter belongs to
// an op without a rule. The gradients of batches of one are the alternative.
func PerExampleSquaredNorms(losses, w *Node) *Node {
	if len(losses.shape) != 1 || len(w.shape) != 1 {
		panic(&ShapeError{"perexample", []Shape{losses.shape, w.shape}, "losses of [N] and a vector"})
	}
	n := losses.shape[0]
	order, depends := reach(losses, w)
	used := map[*Node]*Node{} // a view, and the op that uses it
	for _, node := range order {
		if !depends[node] || node == w {
			continue
		}
		for i, c := range node.in {
			if c == w {
				checkView(node, used)
				break
			}
			if !depends[c] {
				continue
			}
			_, isView := used[c]
			if isView && used[c] != nil {
				panic(&OpError{node.String(), fmt.Sprintf("per example: %q is used twice", c)})
			}
			if isView {
				used[c] = node
			}
			if !keepsExamples(node.op, i, isView) || !isView && (len(c.shape) == 0 || c.shape[0]%n != 0) {
				panic(&OpError{node.String(), "per example: there is no rule for this op here"})
			}
		}
	}
	total := Dot(losses, Fill(losses, 1))
	var norms []*Node
	for _, view := range order {
		if node := used[view]; node != nil {
			norms = append(norms, gradNorm2(node, slices.Index(node.in, view), Grad(total, node), n))
		}
	}
	if len(norms) == 0 {
		return Fill(losses, 0)
	}
	return Lin(slices.Repeat([]float64{1}, len(norms)), norms...)
}

// checkView adds a view of w; views must not overlap.
func checkView(node *Node, used map[*Node]*Node) {
	view, ok := node.op.(ViewOp)
	if !ok {
		panic(&OpError{node.String(), "per example: the parameters must be used by views only"})
	}
	for other := range used {
		if o := other.op.(ViewOp); overlap(view.Off, size(view.Shape), o.Off, size(o.Shape)) {
			panic(&OpError{node.String(), fmt.Sprintf("per example: it overlaps with %q", other)})
		}
	}
	used[node] = nil
}

// keepsExamples reports whether op, as a function of input i, treats the
// examples of a batch apart, or, where the input is a view of the parameters,
// whether gradNorm2 has a rule for it.
func keepsExamples(op Op, i int, isView bool) bool {
	if isView {
		switch op := op.(type) {
		case MatMulOp:
			return i == 1 && !op.TransA
		case Conv2DOp, BiasOp, ChannelAffineOp, ChannelScaleOp:
			return i > 0
		}
		return false
	}
	switch op := op.(type) {
	case MatMulOp:
		return i == 0 && !op.TransA
	case Conv2DOp, BiasOp, ChannelAffineOp, ChannelScaleOp:
		return i == 0
	case ActOp, ActGradOp, GELUOp, LinOp, MulOp, FillOp, ReshapeOp, NormalizeOp, NormalizeGradOp, InvStdOp,
		MaxPoolOp, AvgPoolOp, RowSumOp, RowFillOp, RowDotOp, RowScaleOp, SoftmaxOp, LogSoftmaxOp, CrossEntropyOp:
		return true
	}
	return false
}

// gradNorm2 returns the squared norm, for each of n examples, of the gradient
// with respect to parameter i of a node whose own gradient is delta.
func gradNorm2(node *Node, i int, delta *Node, n int) *Node {
	if node.shape[0] != n {
		panic(&OpError{node.String(), fmt.Sprintf("per example: it has %d rows for %d examples", node.shape[0], n)})
	}
	x := node.in[0]
	switch op := node.op.(type) {
	case MatMulOp:
		return Mul(RowDot(x, x), RowDot(delta, delta))
	case Conv2DOp:
		k := node.in[1].shape
		each := Apply(ConvKernelGradEachOp{op.Stride, op.Pad, k[2], k[3]}, x, delta)
		return RowDot(each, each)
	case ChannelScaleOp:
		return channelNorm2(delta, x)
	case ChannelAffineOp:
		if dz := actGrad(op.Act, node, delta); i == 1 {
			return channelNorm2(dz, x)
		}
	}
	return channelNorm2(actGrad(biasAct(node.op), node, delta), nil) // a bias
}

func biasAct(op Op) Act {
	if op, ok := op.(BiasOp); ok {
		return op.Act
	}
	return op.(ChannelAffineOp).Act
}

// channelNorm2 returns Σ_c (Σ_s a[n,c,s]·b[n,c,s])² for each n; nil stands for
// ones.
func channelNorm2(a, b *Node) *Node {
	n, c := a.shape[0], a.shape[1]
	rows := []int{n * c, size(a.shape) / (n * c)}
	var s *Node
	if b == nil {
		s = RowSum(Reshape(a, rows...))
	} else {
		s = RowDot(Reshape(a, rows...), Reshape(b, rows...))
	}
	s = Reshape(s, n, c)
	return RowDot(s, s)
}
