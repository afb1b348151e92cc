package timing

import (
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Net is a network of the speed tables, as torch_steps.py has it too. MACs are
// the multiply-adds of one example's forward pass in products and
// convolutions, First those of the first layer: its input needs no gradient.
type Net struct {
	Name        string
	Arch        nets.Arch
	Shape       []int
	MACs, First float64
}

// StepFLOPs returns the floating point operations that a training step on n
// examples cannot do without: the products of the forward pass, of the input
// gradients and of the weight gradients.
func (n Net) StepFLOPs(examples int) float64 { return 2 * (3*n.MACs - n.First) * float64(examples) }

// Nets returns the networks of the speed tables.
func Nets() []Net {
	return []Net{
		{"mlp", nets.MLP(784, 256, 128, 10), []int{1, 28, 28}, 784*256 + 256*128 + 128*10, 784 * 256},
		{
			"lenet5", nets.LeNet5(10), []int{1, 28, 28},
			28*28*6*25 + 10*10*16*6*25 + 400*120 + 120*84 + 84*10, 28 * 28 * 6 * 25,
		},
		{
			"resnet8", nets.ResNet(8, 10), []int{3, 32, 32},
			1024*16*3*9 + // stem
				2*1024*16*16*9 +
				256*32*(16*9+32*9+16) +
				64*64*(32*9+64*9+32) +
				64*10, 1024 * 16 * 3 * 9,
		},
	}
}

// Noise returns n examples of ten classes that mean nothing: timings do not
// depend on what is learnt.
func Noise(n int, shape ...int) *data.Dataset {
	r := rand.New(rand.NewPCG(1, 2))
	ds := &data.Dataset{Name: "noise", Shape: shape, Classes: 10, Y: make([]int32, n)}
	ds.X = make([]float32, n*ds.Features())
	for i := range ds.X {
		ds.X[i] = float32(r.NormFloat64())
	}
	for i := range ds.Y {
		ds.Y[i] = int32(r.IntN(10))
	}
	return ds
}
