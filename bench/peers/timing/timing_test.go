package timing_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

func TestMedian(t *testing.T) {
	x := []float64{9, 1, 5}
	require.Equal(t, 5.0, timing.Median(x))
	require.Equal(t, []float64{9, 1, 5}, x)
	require.Equal(t, 3.0, timing.Median([]float64{5, 1}))
}

func TestMeasure(t *testing.T) {
	calls := 0
	r, err := timing.Plan{Steps: 4, Seconds: 60}.Measure(10, func() error { calls++; return nil })
	require.NoError(t, err)
	require.Equal(t, 3+4, calls)
	require.Equal(t, 4, r.Steps)
	require.GreaterOrEqual(t, r.MedianMS, r.MinMS)

	calls = 0
	r, err = timing.Plan{Seconds: 1e-9}.Measure(10, func() error { calls++; return nil })
	require.NoError(t, err)
	require.Equal(t, 1+3, calls, "one run warms up where there is no time for more")
	require.Equal(t, 3, r.Steps)

	order := ""
	rows, err := timing.Plan{Steps: 1, Seconds: 60}.Turns(10,
		func() error { order += "a"; return nil }, func() error { order += "b"; return nil })
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "abababab", order)

	bad := errors.New("bad")
	_, err = timing.Plan{Seconds: 1}.Measure(1, func() error { return bad })
	require.ErrorIs(t, err, bad)
}

// TestMACs counts the multiply-adds on the graphs themselves.
func TestMACs(t *testing.T) {
	for _, n := range timing.Nets() {
		var z *graph.Node
		spy := n.Arch
		spy.Logits = func(p *nets.Params, x *graph.Node) *graph.Node {
			z = n.Arch.Logits(p, x)
			return z
		}
		_, err := nets.NewModel(spy, nil, graph.Float32)
		require.NoError(t, err)
		examples := float64(z.Shape()[0])
		var macs, first float64
		seen := map[*graph.Node]bool{}
		var visit func(*graph.Node)
		visit = func(node *graph.Node) {
			if seen[node] {
				return
			}
			seen[node] = true
			for _, in := range node.Inputs() {
				visit(in)
			}
			here := 0.0
			switch node.Op().(type) {
			case graph.MatMulOp:
				here = size(node.Shape()) * float64(node.Inputs()[0].Shape()[1])
			case graph.Conv2DOp:
				k := node.Inputs()[1].Shape()
				here = size(node.Shape()) * size(k[1:])
			}
			if macs == 0 {
				first = here
			}
			macs += here
		}
		visit(z)
		require.Equal(t, n.MACs, macs/examples, n.Name)
		require.Equal(t, n.First, first/examples, n.Name)
		require.Equal(t, 2*(3*macs-first)/examples*32, n.StepFLOPs(32))
	}
}

func size(s []int) float64 {
	n := 1.0
	for _, d := range s {
		n *= float64(d)
	}
	return n
}
