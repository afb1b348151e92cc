package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// putState writes where the run stands before a step, with the sums of logit
// gradients, if there are any, and then removes the state before it.
func (s *folder) putState(t int, w, p *graph.Tensor, l *logitGradients, tally nets.Tally) error {
	before := s.m.last(kindState)
	if before != nil && before.At == t { // where the run has gone on
		return nil
	}
	dt := w.DType()
	list := []array{arrayOf("params", dt, w.Len(), 0, w), arrayOf("momentum", dt, p.Len(), 0, p)}
	var scale float64
	if l != nil {
		list, scale = append(list, sums(l)), l.scale
	}
	f, err := writeArrays(s.dir, fmt.Sprintf(stateFile, t), list...)
	if err == nil {
		err = s.m.add(entry{Kind: kindState, File: &f, At: t, Tally: s.m.record(tally), Scale: scale})
	}
	if err == nil && before != nil {
		err = s.remove(before)
	}
	if err != nil {
		return fmt.Errorf("history: state before step %d: %w", t, err)
	}
	return nil
}

// sums are those of logit gradients, as they are.
func sums(l *logitGradients) array {
	return array{"sums", graph.Float64, l.shape(), func(f func(*graph.Tensor) error) error {
		return f(graph.FromSlice(l.sum))
	}}
}

// remove removes the file of an entry that another one replaces.
func (s *folder) remove(e *entry) error {
	err := os.Remove(filepath.Join(s.dir, e.File.File))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// resume is where an interrupted run goes on.
type resume struct {
	nets.State
	logits *logitGradients // what they were there, if asked for
	spans  []span          // that are recorded
}

// resume finds the last point that the folder knows: a state, or, where no logit
// gradients are summed, the end of the last segment. With nothing there it is the
// beginning.
func (s *folder) resume(m *nets.Model, lr func(int) float64, logits *logitGradients) (*resume, error) {
	r := &resume{logits: logits, spans: s.spans()}
	if e := s.m.last(kindState); e != nil {
		if err := s.getState(e, r); err != nil {
			return nil, s.damaged(*e.File, err)
		}
	}
	last := s.m.last(kindSegment)
	if last == nil || logits != nil || last.At <= r.Step {
		return r, nil
	}
	seg, err := s.get(len(r.spans) - 1)
	if err != nil {
		return nil, err
	}
	step, err := m.NewStepper(s.head.Run.Momentum, s.head.Run.WeightDecay, seg.w, seg.p)
	if err != nil {
		return nil, err
	}
	for t := last.From; t < min(last.To, last.At); t++ {
		if g := seg.g[t-last.From]; g != nil {
			if err := step.Step(g, lr(t)); err != nil {
				return nil, err
			}
		}
	}
	r.State = nets.State{Step: last.At, Params: step.W, Momentum: step.P, Tally: s.m.tally(last.Tally)}
	return r, nil
}

func (s *folder) getState(e *entry, r *resume) error {
	dt, p := s.dtype(), s.head.Run.Params
	one := func(t **graph.Tensor) func(func(*graph.Tensor) error) error {
		return func(f func(*graph.Tensor) error) error { return f(*t) }
	}
	list := []array{{"params", dt, []int{p}, one(&r.Params)}, {"momentum", dt, []int{p}, one(&r.Momentum)}}
	if r.logits != nil {
		list = append(list, sums(r.logits))
		r.logits.scale = e.Scale
	}
	r.Step, r.Tally = e.At, s.m.tally(e.Tally)
	return readArrays(s.dir, *e.File, list, func() { r.Params, r.Momentum = graph.NewTensor(dt, p), graph.NewTensor(dt, p) })
}
