//go:build libtorch

package libtorch

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestResident: in a training loop as nets writes it, parameters, momentum and
// gradient stay on the device.
func TestResident(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 16, 10), openResident(t), graph.Float32)
	require.NoError(t, err)
	s, err := m.NewStepper(0.9, 5e-4, m.Init(1), nil)
	require.NoError(t, err)
	g := m.NewVector()
	ids := []int{1, 2, 3, 4, 5}
	for range 3 {
		_, err := m.Gradient(s.W, ds, ids, g)
		require.NoError(t, err)
		w := s.W.Buffer()
		require.NoError(t, s.Step(g, 0.1))
		require.NotNil(t, w)
		for _, v := range []*graph.Tensor{s.W, s.P, g} {
			require.Equal(t, "cpu", v.Buffer().Device())
		}
	}
	before := s.W.At(7) // a read leaves them there, too
	require.NotNil(t, s.W.Buffer())
	s.W.Set(7, before+1)
	require.Nil(t, s.W.Buffer())
	require.Equal(t, float32(before)+1, float32(s.W.At(7)))
}

// TestSharedInput: goroutines whose programs read one tensor may bring it to
// the device at the same time.
func TestSharedInput(t *testing.T) {
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewModel(enginetest.Architectures()[4], graph.Float32, 8, 1)
			nodes := []*graph.Node{m.Loss, m.Grad, m.HVP}
			want := outputs(nodes)
			run(t, e, m.Inputs(), nodes, want, m.Values())
			for i := range m.WVal.Len() {
				m.WVal.Set(i, m.WVal.At(i)) // drops the copy on the device
			}
			got := make([][]*graph.Tensor, 6)
			var wg sync.WaitGroup
			for i := range got {
				got[i] = outputs(nodes)
				p, err := e.Compile(m.Inputs(), nodes)
				require.NoError(t, err)
				wg.Go(func() {
					for range 20 {
						if err := p.Run(got[i], m.Values()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			for _, r := range got {
				for i := range r {
					require.Equal(t, want[i].Float32s(), r[i].Float32s())
				}
			}
		})
	}
}

// TestReadWhileRunning: goroutines may read a vector in every way while others
// compute with it. Float32s brings it to the host for good, and frees the copy on
// the device under the programs' hands.
func TestReadWhileRunning(t *testing.T) {
	e := openResident(t)
	g := graph.New(graph.Float32)
	x := g.Input("x", 64)
	nodes := []*graph.Node{graph.Scale(2, x)}
	for range 200 {
		made := outputs(nodes)
		run(t, e, []*graph.Node{x}, nodes, made, []*graph.Tensor{ones(64)})
		var wg sync.WaitGroup
		for i := range 4 {
			p, err := e.Compile([]*graph.Node{x}, nodes)
			require.NoError(t, err)
			wg.Go(func() {
				out := outputs(nodes)
				if err := p.Run(out, made); err != nil || out[0].At(63) != 4 {
					t.Error(err, out[0].At(63))
				}
			})
			wg.Go(func() {
				if i == 0 && made[0].At(5) != 2 || made[0].Float32s()[7] != 2 {
					t.Error("another number")
				}
			})
		}
		wg.Wait()
		made[0].Float32s()[0] = 3 // must reach the program, whoever was first
		out := outputs(nodes)
		run(t, e, []*graph.Node{x}, nodes, out, made)
		require.Equal(t, 6., out[0].At(0))
	}
}

func ones(n int) *graph.Tensor {
	v := graph.NewTensor(graph.Float32, n)
	for i := range n {
		v.Set(i, 1)
	}
	return v
}

// TestBufferCollected: memory on the device goes with its tensor.
func TestBufferCollected(t *testing.T) {
	e := openResident(t)
	var memories []*memory
	func() {
		g := graph.New(graph.Float32)
		x := g.Input("x", 100)
		nodes := []*graph.Node{graph.Scale(2, x)}
		p, err := e.Compile([]*graph.Node{x}, nodes)
		require.NoError(t, err)
		in := graph.NewTensor(graph.Float32, 100)
		for range 5 {
			out := outputs(nodes)
			require.NoError(t, p.Run(out, []*graph.Tensor{in}))
			memories = append(memories, out[0].Buffer().(*buffer).memory)
			in = out[0]
		}
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		for _, m := range memories {
			m.mu.Lock()
			there := m.t != nil
			m.mu.Unlock()
			if there {
				return false
			}
		}
		return true
	}, 10*time.Second, 10*time.Millisecond)
}
