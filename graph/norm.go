package graph

import "fmt"

// NormEps is added to variances by [GroupNorm] and [LayerNorm].
const NormEps = 1e-5

// GroupNorm returns act(s·x̂ + b), where x̂ is x of [N, C, …] brought to mean 0
// and variance 1 within each example and each of the given number of groups of
// neighbouring channels; s and b are of [C]. The statistics are those of one
// example, so other examples and their weights do not matter.
func GroupNorm(x *Node, groups int, s, b *Node, act Act) *Node {
	if len(x.shape) < 2 || groups < 1 || x.shape[1]%groups != 0 {
		panic(&ShapeError{fmt.Sprintf("groupnorm %d", groups), []Shape{x.shape}, "x of [N, C, …] whose channels form that many groups"})
	}
	n := x.shape[0] * groups
	xhat := Normalize(Reshape(x, n, size(x.shape)/n), NormEps)
	return ChannelAffine(Reshape(xhat, x.shape...), s, b, act)
}

// LayerNorm returns act(s·x̂ + b), where x̂ is x of [N, …, F] brought to mean 0
// and variance 1 along its last dimension; s and b are of [F].
func LayerNorm(x, s, b *Node, act Act) *Node {
	if len(x.shape) < 2 {
		panic(&ShapeError{"layernorm", []Shape{x.shape}, "x of [N, …, F]"})
	}
	f := x.shape[len(x.shape)-1]
	xhat := Normalize(Reshape(x, size(x.shape)/f, f), NormEps)
	return Reshape(ChannelAffine(xhat, s, b, act), x.shape...)
}
