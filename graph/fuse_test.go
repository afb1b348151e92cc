package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// fusedSteps counts the fused sums of a program.
func fusedSteps(p Program) (n int) {
	for _, s := range p.(*walk).steps {
		if _, ok := s.op.(scaledSumOp); ok {
			n++
		}
	}
	return n
}

// requireSame compares the Walker, which fuses, with the Tape, which does not:
// bit by bit, zeros apart.
func requireSame(t *testing.T, wantFused int, inputs, outputs []*Node) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var in []*Tensor
	for _, n := range inputs {
		v := NewTensor(n.g.dt, n.shape...)
		for i := range v.Len() {
			v.Set(i, r.NormFloat64())
		}
		in = append(in, v)
	}
	var got [3][]*Tensor
	for i, e := range []Engine{Tape{}, &Walker{}, NewWalker(3)} {
		p, err := e.Compile(inputs, outputs)
		require.NoError(t, err)
		for _, n := range outputs {
			got[i] = append(got[i], NewTensor(n.g.dt, n.shape...))
		}
		for range 2 { // the second run finds the first one's values in memory
			require.NoError(t, p.Run(got[i], in))
		}
		if i > 0 {
			require.Equal(t, wantFused, fusedSteps(p))
			for j := range outputs {
				require.Equal(t, got[0][j].Float32s(), got[i][j].Float32s())
				require.Equal(t, got[0][j].Float64s(), got[i][j].Float64s())
			}
		}
	}
}

// TestFuse: every kind of term in every place, and sums that stay as they are.
func TestFuse(t *testing.T) {
	const n, c, h, w = 3, 5, 4, 150 // runs longer than what is summed at once
	plain := func(x, _, _, _ *Node) *Node { return x }
	row := func(_, y, rows, _ *Node) *Node { return RowScale(rows, y) }
	channel := func(x, _, _, channels *Node) *Node { return ChannelScale(x, channels) }
	fill := func(x, _, _, channels *Node) *Node { return Apply(ChannelFillOp{x.shape}, channels) }
	kinds := []func(x, y, rows, channels *Node) *Node{plain, row, channel, fill}
	for _, dt := range []DType{Float32, Float64} {
		for i := range kinds {
			for j := range kinds {
				for k := range kinds {
					if i == j || j == k || i == k {
						continue // equal nodes are one node of two uses
					}
					t.Run(fmt.Sprint(dt, i, j, k), func(t *testing.T) {
						g := New(dt)
						x, y := g.Input("x", n, c, h, w), g.Input("y", n, c, h, w)
						rows, channels := g.Input("rows", n), g.Input("channels", c)
						at := func(i int) *Node { return kinds[i](x, y, rows, channels) }
						two, three := Lin([]float64{1, -1}, at(i), at(j)), Lin([]float64{-1, 1, 1}, at(i), at(j), at(k))
						in := []*Node{x, y, rows, channels}
						requireSame(t, 1, in, []*Node{three})
						requireSame(t, 1, in, []*Node{two})
					})
				}
			}
		}
		g := New(dt)
		x, y := g.Input("x", n, c, h, w), g.Input("y", n, c, h, w)
		rows, channels := g.Input("rows", n), g.Input("channels", c)
		in := []*Node{x, y, rows, channels}
		scaled := ChannelScale(x, channels)
		requireSame(t, 0, in, []*Node{Add(scaled, y), scaled})                                         // scaled is an output
		requireSame(t, 0, in, []*Node{Add(Add(scaled, y), Mul(scaled, y))})                            // of two uses
		requireSame(t, 0, in, []*Node{Lin([]float64{0.5, 1}, RowScale(rows, x), y)})                   // would round twice
		requireSame(t, 2, in, []*Node{Add(RowScale(rows, Add(scaled, y)), ChannelScale(y, channels))}) // a sum in a sum
		requireSame(t, 0, []*Node{rows, channels}, []*Node{Add(Fill(rows, 1), rows)})

		z, s := g.Input("z", n, c), g.Input("s", c)
		requireSame(t, 0, []*Node{z, s}, []*Node{Add(ChannelScale(z, s), z)}) // runs of one number
	}
}

// TestFuseNorm: the Hessian-vector product of a normalised network, for which
// there is fusing at all.
func TestFuseNorm(t *testing.T) {
	for _, dt := range []DType{Float32, Float64} {
		g := New(dt)
		const n, size = 3, 4*3*9 + 4 + 4 + 4*4*9 + 4 + 4
		w, v, x, u := g.Input("w", size), g.Input("v", size), g.Input("x", n, 3, 6, 6), g.Input("u", n, 4, 6, 6)
		off := 0
		take := func(shape ...int) *Node {
			k := 1
			for _, d := range shape {
				k *= d
			}
			off += k
			return View(w, off-k, shape...)
		}
		a := GroupNorm(Conv2D(x, take(4, 3, 3, 3), ConvConfig{Pad: 1}), 2, take(4), take(4), Tanh)
		b := GroupNorm(Conv2D(a, take(4, 4, 3, 3), ConvConfig{Pad: 1}), 2, take(4), take(4), Identity)
		require.Equal(t, size, off)
		loss := Dot(Activate(Tanh, Add(a, b)), u)
		grad := Grad(loss, w)
		hvp := Grad(Dot(grad, v), w)
		p, err := (&Walker{}).Compile([]*Node{w, v, x, u}, []*Node{grad, hvp})
		require.NoError(t, err)
		require.Positive(t, fusedSteps(p))
		requireSame(t, fusedSteps(p), []*Node{w, v, x, u}, []*Node{grad, hvp})
	}
}
