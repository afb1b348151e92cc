//go:build libtorch

package libtorch

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// TestAutograd writes the loss of a network by hand with gotch, and compares
// loss, gradient and Hessian-vector product by libtorch's own differentiation
// with those of the graph.
func TestAutograd(t *testing.T) {
	b := enginetest.Architectures()[1] // two hidden layers of 4 with tanh
	require.Equal(t, "tanh", b.Name)
	m := enginetest.NewModel(b, graph.Float64, 7, 3)
	nodes := []*graph.Node{m.Loss, m.Grad, m.HVP}
	got := outputs(nodes)
	run(t, open(t), m.Inputs(), nodes, got, m.Values())

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all []*ts.Tensor // so that the collector takes none of them early
	keep := func(x *ts.Tensor, err error) *ts.Tensor {
		t.Helper()
		require.NoError(t, err)
		all = append(all, x)
		return x
	}
	defer func() { runtime.KeepAlive(all) }()
	give := func(v *graph.Tensor, shape ...int64) *ts.Tensor {
		return keep(ts.NewTensorFromData(v.Float64s(), shape))
	}
	w := give(m.WVal, 59)
	w = keep(w.SetRequiresGrad(true, false))
	view := func(off, n int64, shape ...int64) *ts.Tensor {
		return keep(keep(w.Narrow(0, off, n, false)).View(shape, false))
	}
	affine := func(x *ts.Tensor, off, in, out int64) *ts.Tensor {
		z := keep(x.Mm(view(off, in*out, in, out), false))
		return keep(z.Add(view(off+in*out, out, out), false))
	}
	h := keep(affine(give(m.XVal, 7, 5), 0, 5, 4).Tanh(false))
	h = keep(affine(h, 24, 4, 4).Tanh(false))
	logs := keep(affine(h, 44, 4, 3).LogSoftmax(1, gotch.Double, false))
	y := keep(keep(give(m.YVal, 7).Totype(gotch.Int64, false)).Unsqueeze(1, false))
	each := keep(logs.Gather(1, y, false, false))
	weighted := keep(each.Mul(give(m.CVal, 7, 1), false))
	loss := keep(keep(weighted.Sum(gotch.Double, false)).Neg(false))

	grads, err := ts.RunBackward([]*ts.Tensor{loss}, []*ts.Tensor{w}, true, true)
	require.NoError(t, err)
	grad := keep(grads[0], nil)
	product := keep(keep(grad.Mul(give(m.VVal, 59), false)).Sum(gotch.Double, false))
	second, err := ts.RunBackward([]*ts.Tensor{product}, []*ts.Tensor{w}, false, false)
	require.NoError(t, err)
	for i, want := range []*ts.Tensor{loss, grad, keep(second[0], nil)} {
		numbers := want.Float64Values()
		if i == 0 {
			numbers = numbers[:1]
		}
		require.Less(t, enginetest.RelErr(got[i], graph.FromSlice(numbers)), 1e-12, nodes[i].String())
	}
}
