package nets

import "github.com/miniunlearn/miniunlearn/graph"

// Dense returns act(x·Wᵀ + b) for x of [N, …] and out units, [N, out]. The
// parameters are name.weight of [out, in], PyTorch's layout, and name.bias.
func (p *Params) Dense(name string, x *graph.Node, out int, act graph.Act) *graph.Node {
	p.w.Graph().Label(name)
	x = graph.Flatten(x)
	in := x.Shape()[1]
	w := p.Take(name+".weight", He(in), out, in)
	return p.Bias(name, graph.Apply(graph.MatMulOp{TransB: true}, x, w), act)
}

// Conv returns the convolution of x, [N, C, H, W], with square kernels to out
// channels, [N, out, oh, ow], without a bias: what a normalisation follows
// needs none. The parameter is name.weight of [out, C, kernel, kernel].
func (p *Params) Conv(name string, x *graph.Node, out, kernel int, c graph.ConvConfig) *graph.Node {
	p.w.Graph().Label(name)
	in := x.Shape()[1]
	w := p.Take(name+".weight", He(in*kernel*kernel), out, in, kernel, kernel)
	return graph.Conv2D(x, w, c)
}

// Bias returns act(z + b) for z of [N, C, …]. The parameter is name.bias of
// [C].
func (p *Params) Bias(name string, z *graph.Node, act graph.Act) *graph.Node {
	p.w.Graph().Label(name)
	return graph.Bias(z, p.Take(name+".bias", Constant(0), z.Shape()[1]), act)
}

// GroupNorm returns act of x, [N, C, …], normalised within each example and
// group of channels, then scaled and shifted channel by channel; see
// [graph.GroupNorm]. The parameters are name.weight and name.bias of [C].
func (p *Params) GroupNorm(name string, x *graph.Node, groups int, act graph.Act) *graph.Node {
	p.w.Graph().Label(name)
	c := x.Shape()[1]
	scale := p.Take(name+".weight", Constant(1), c)
	shift := p.Take(name+".bias", Constant(0), c)
	return graph.GroupNorm(x, groups, scale, shift, act)
}

// LayerNorm returns act of x, [N, …, F], normalised along its last dimension,
// then scaled and shifted; see [graph.LayerNorm]. The parameters are
// name.weight and name.bias of [F].
func (p *Params) LayerNorm(name string, x *graph.Node, act graph.Act) *graph.Node {
	p.w.Graph().Label(name)
	f := x.Shape()[len(x.Shape())-1]
	scale := p.Take(name+".weight", Constant(1), f)
	shift := p.Take(name+".bias", Constant(0), f)
	return graph.LayerNorm(x, scale, shift, act)
}
