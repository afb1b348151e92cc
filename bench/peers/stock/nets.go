package main

import (
	"strconv"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

const classes = 10

// net is a graph in the making: h is the output of the last layer so far.
type net struct {
	g       *G.ExprGraph
	x, y, h *G.Node
	params  G.Nodes
}

// builders are the architectures that stock Gorgonia can train. resnet8 is not among
// them: Gorgonia has no group normalisation.
var builders = map[string]func(batch int) *net{"mlp": mlp, "lenet5": lenet5}

func mlp(batch int) *net {
	n := newNet(batch, 784)
	n.linear(784, 256).relu()
	n.linear(256, 128).relu()
	return n.linear(128, classes)
}

func lenet5(batch int) *net {
	n := newNet(batch, 1, 28, 28)
	n.conv(1, 6, 2).relu().pool()
	n.conv(6, 16, 0).relu().pool()
	n.h = G.Must(G.Reshape(n.h, tensor.Shape{batch, 400}))
	n.linear(400, 120).relu()
	n.linear(120, 84).relu()
	return n.linear(84, classes)
}

func newNet(shape ...int) *net {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName("x"))
	y := G.NewMatrix(g, tensor.Float32, G.WithShape(shape[0], classes), G.WithName("y"))
	return &net{g: g, x: x, y: y, h: x}
}

func (n *net) param(init G.InitWFn, shape ...int) *G.Node {
	name := "w" + strconv.Itoa(len(n.params))
	p := G.NewTensor(n.g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithInit(init))
	n.params = append(n.params, p)
	return p
}

func (n *net) linear(in, out int) *net {
	w := n.param(G.GlorotU(1), in, out)
	b := n.param(G.Zeroes(), 1, out)
	n.h = G.Must(G.BroadcastAdd(G.Must(G.Mul(n.h, w)), b, nil, []byte{0}))
	return n
}

// conv is a 5×5 convolution with bias.
func (n *net) conv(in, out, pad int) *net {
	w := n.param(G.GlorotU(1), out, in, 5, 5)
	b := n.param(G.Zeroes(), 1, out, 1, 1)
	c := G.Must(G.Conv2d(n.h, w, tensor.Shape{5, 5}, []int{pad, pad}, []int{1, 1}, []int{1, 1}))
	n.h = G.Must(G.BroadcastAdd(c, b, nil, []byte{0, 2, 3}))
	return n
}

func (n *net) relu() *net {
	n.h = G.Must(G.Rectify(n.h))
	return n
}

func (n *net) pool() *net {
	n.h = G.Must(G.MaxPool2D(n.h, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	return n
}

// crossEntropy is the form in which Gorgonia's users write it; there is no fused op.
func (n *net) crossEntropy() *G.Node {
	logp := G.Must(G.Log(G.Must(G.SoftMax(n.h))))
	picked := G.Must(G.Sum(G.Must(G.HadamardProd(n.y, logp)), 1))
	return G.Must(G.Neg(G.Must(G.Mean(picked))))
}
