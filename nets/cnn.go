package nets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
)

// CNN returns a stack of convolutions, poolings and fully connected layers,
// written as pieces with "-" between them:
//
//	cN    convolution to N channels with bias, then ReLU; followed, in any order, by
//	      kK  kernels of K×K, 3 unless given      sS  stride S, 1 unless given
//	      pP  P zeros on each side, 0 unless given
//	      nG  group normalisation with G groups in place of the bias
//	mW    largest of windows of W×W, aW their mean; sS as above, W unless given
//	g     mean of each channel
//	dN    fully connected layer of N units, then ReLU
//
// and a fully connected layer to the classes, which is not written. So
// "c6k5p2-m2-c16k5-m2-d120-d84" is LeNet-5. Layers are named by kind and
// number: conv1, norm1, conv2, …, fc1, fc2, …. Input is the images' shape,
// channels first; without channels there is one. The Arch's Name is "cnn:" and
// the shortest way to write the same stack.
func CNN(stack string, input []int, classes int) (Arch, error) {
	if len(input) == 2 {
		input = []int{1, input[0], input[1]}
	}
	if len(input) != 3 || slices.Min(input) < 1 || classes < 1 {
		return Arch{}, fmt.Errorf("a cnn takes images and at least one class, not examples of shape %v in %d classes", input, classes)
	}
	pieces, err := parsePieces(stack)
	if err != nil {
		return Arch{}, err
	}
	shape := slices.Clone(input)
	text := make([]string, len(pieces))
	for i, p := range pieces {
		if shape, err = p.output(shape); err != nil {
			return Arch{}, pieceError(i, p.String(), "%w", err)
		}
		text[i] = p.String()
	}
	return Arch{
		Name:    "cnn:" + strings.Join(text, "-"),
		Input:   slices.Clone(input),
		Classes: classes,
		Logits:  func(p *Params, x *graph.Node) *graph.Node { return stackLogits(p, x, pieces, classes) },
	}, nil
}

// LeNet5 returns the network of LeCun et al. (1998) as it is written today, for
// images of 1×28×28: 5×5 convolutions conv1 and conv2 to 6 and 16 channels, the
// first padded by 2, each followed by ReLU and a 2×2 maximum; then fc1, fc2 and
// fc3 of 120, 84 and classes units. It has 61 706 parameters at 10 classes.
func LeNet5(classes int) Arch {
	a, err := CNN("c6k5p2-m2-c16k5-m2-d120-d84", []int{1, 28, 28}, classes)
	if err != nil {
		panic("nets: LeNet5: " + err.Error())
	}
	a.Name = "lenet5"
	return a
}

func stackLogits(p *Params, x *graph.Node, pieces []piece, classes int) *graph.Node {
	convs, dense := 0, 0
	for _, c := range pieces {
		switch c.kind {
		case 'c':
			convs++
			name := fmt.Sprintf("conv%d", convs)
			x = p.Conv(name, x, c.size, c.kernel, graph.ConvConfig{Stride: c.stride, Pad: c.pad})
			if c.groups > 0 {
				x = p.GroupNorm(fmt.Sprintf("norm%d", convs), x, c.groups, graph.ReLU)
			} else {
				x = p.Bias(name, x, graph.ReLU)
			}
		case 'm':
			x = graph.MaxPool2D(x, c.size, c.stride)
		case 'a':
			x = graph.AvgPool2D(x, c.size, c.stride)
		case 'g':
			x = graph.GlobalAvgPool(x)
		case 'd':
			dense++
			x = p.Dense(fmt.Sprintf("fc%d", dense), x, c.size, graph.ReLU)
		}
	}
	return p.Dense(fmt.Sprintf("fc%d", dense+1), x, classes, graph.Identity)
}
