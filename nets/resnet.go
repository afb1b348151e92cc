package nets

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// resnetGroups is the number of groups of every normalisation.
const resnetGroups = 8

// ResNet returns a residual network for images of 3×32×32 (He et al., 2016,
// section 4.2) with group in place of batch normalisation, so that an example's
// logits do not depend on the rest of its batch: a 3×3 convolution to 16
// channels, three stages of (depth−2)/6 basic blocks with 16, 32 and 64
// channels, global average pooling and one affine layer. Where a stage begins
// with another shape a 1×1 convolution of stride 2 takes the place of the
// identity. Each convolution is without bias and normalised in 8 groups.
//
// Parameters are named as PyTorch would name a Sequential of convolution,
// normalisation, ReLU, the blocks, pooling, Flatten and Linear, the blocks
// having conv1, norm1, conv2, norm2 and shortcut. It panics unless depth is 6n+2,
// n ≥ 1; resnet8 has 78 042 parameters at 10 classes, resnet20 272 474.
func ResNet(depth, classes int) Arch {
	if depth < 8 || depth%6 != 2 || classes < 1 {
		panic(fmt.Sprintf("nets: ResNet needs a depth of 8, 14, 20, … and a class at least, got %d and %d", depth, classes))
	}
	return Arch{
		Name:    fmt.Sprintf("resnet%d", depth),
		Input:   []int{3, 32, 32},
		Classes: classes,
		Logits: func(p *Params, x *graph.Node) *graph.Node {
			x = p.Conv("0", x, 16, 3, graph.ConvConfig{Pad: 1})
			x = p.GroupNorm("1", x, resnetGroups, graph.ReLU)
			layer := 3 // of the Sequential; 2 is the ReLU
			for stage := range 3 {
				for block := range (depth - 2) / 6 {
					stride := 1
					if stage > 0 && block == 0 {
						stride = 2
					}
					x = residual(p, fmt.Sprint(layer), x, 16<<stage, stride)
					layer++
				}
			}
			return p.Dense(fmt.Sprint(layer+2), graph.GlobalAvgPool(x), classes, graph.Identity)
		},
	}
}

// residual is a basic block: ReLU(F(x) + x), F being two 3×3 convolutions.
func residual(p *Params, name string, x *graph.Node, channels, stride int) *graph.Node {
	f := p.Conv(name+".conv1", x, channels, 3, graph.ConvConfig{Stride: stride, Pad: 1})
	f = p.GroupNorm(name+".norm1", f, resnetGroups, graph.ReLU)
	f = p.Conv(name+".conv2", f, channels, 3, graph.ConvConfig{Pad: 1})
	f = p.GroupNorm(name+".norm2", f, resnetGroups, graph.Identity)
	if stride != 1 || x.Shape()[1] != channels {
		x = p.Conv(name+".shortcut.0", x, channels, 1, graph.ConvConfig{Stride: stride})
		x = p.GroupNorm(name+".shortcut.1", x, resnetGroups, graph.Identity)
	}
	p.w.Graph().Label(name)
	return graph.Activate(graph.ReLU, graph.Add(f, x))
}
