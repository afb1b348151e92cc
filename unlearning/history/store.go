package history

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// segment is a checkpoint and the gradients of the steps that follow it.
type segment struct {
	from int
	w, p *graph.Tensor   // before step from
	g    []*graph.Tensor // of steps from, from+1, …; nil where a batch was empty
}

func (s segment) bytes() int64 {
	n := s.w.Len() + s.p.Len()
	for _, g := range s.g {
		if g != nil {
			n += g.Len()
		}
	}
	return int64(n * s.w.DType().Bytes())
}

// store keeps what a Recorder puts there; segments come in the order of steps.
type store interface {
	// put stores a segment. Before step at, the last one of the segment or one after
	// it, the run had counted tally.
	put(s segment, at int, tally nets.Tally) error
	putLogitGradients(shape []int, numbers func(func(*graph.Tensor) error) error) error
	getLogitGradients() (*graph.Tensor, error) // nil if there are none
	get(i int) (segment, error)
	spans() []span
	bytes() int64
	// finish is called when the run is over, with nets.Digest of w_T, and with whose
	// that is.
	finish(run *nets.Run, final, of string) error
	// release is called when nothing more is put.
	release()
}

// memory is a store in memory.
type memory struct {
	segments []segment
	logits   *graph.Tensor
}

func (m *memory) put(s segment, _ int, _ nets.Tally) error {
	m.segments = append(m.segments, s)
	return nil
}

func (m *memory) get(i int) (segment, error)             { return m.segments[i], nil }
func (m *memory) finish(*nets.Run, string, string) error { return nil }
func (m *memory) release()                               {}

func (m *memory) putLogitGradients(shape []int, numbers func(func(*graph.Tensor) error) error) error {
	var all []float32
	err := numbers(func(t *graph.Tensor) error { all = append(all, t.Float32s()...); return nil })
	if err == nil {
		m.logits = graph.FromSlice(all, shape...)
	}
	return err
}

func (m *memory) getLogitGradients() (*graph.Tensor, error) { return m.logits, nil }

func (m *memory) spans() []span {
	r := make([]span, len(m.segments))
	for i, s := range m.segments {
		r[i] = span{s.from, s.from + len(s.g)}
	}
	return r
}

func (m *memory) bytes() (n int64) {
	for _, s := range m.segments {
		n += s.bytes()
	}
	if m.logits != nil {
		n += int64(m.logits.Len() * m.logits.DType().Bytes())
	}
	return n
}
