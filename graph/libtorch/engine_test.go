//go:build libtorch

package libtorch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// open returns the engine on the CPU.
func open(t testing.TB) *Engine {
	e, err := New("cpu")
	require.NoError(t, err)
	return e
}

// openResident returns an engine on the CPU that treats libtorch's memory as
// another device's: what CUDA does but for the device.
func openResident(t testing.TB) *Engine {
	e := open(t)
	e.resident = true
	return e
}

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) graph.Engine { return open(t) }, enginetest.Options{Runs: 1000})
}

func TestEngineResident(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) graph.Engine { return openResident(t) }, enginetest.Options{Runs: 1000})
}

// TestSharing: programs hold no values between runs, so many may be kept.
func TestSharing(t *testing.T) {
	var s graph.Sharer = openResident(t)
	for _, b := range enginetest.Architectures() {
		m := enginetest.NewModel(b, graph.Float32, 6, 11)
		nodes := []*graph.Node{m.Loss, m.Grad, m.HVP, m.Logits}
		p, err := s.Sharing().Compile(m.Inputs(), nodes)
		require.NoError(t, err)
		require.NoError(t, p.Run(outputs(nodes), m.Values()))
		for _, v := range append(p.(*program).values, p.(*program).x.slots...) {
			require.True(t, v == nil, b.Name)
		}
		require.Empty(t, p.(*program).x.temps)
	}
}

// TestEngineCUDA is the same suite on the first CUDA device.
func TestEngineCUDA(t *testing.T) {
	if _, err := New("cuda"); err != nil {
		t.Skip(err)
	}
	enginetest.Run(t, func(t *testing.T) graph.Engine {
		e, err := New("cuda")
		require.NoError(t, err)
		return e
	}, enginetest.Options{Runs: 1000})
}
