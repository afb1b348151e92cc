package history

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
)

func (s *folder) damaged(f fileRecord, err error) error {
	return fmt.Errorf("history: %s: %w: %w", filepath.Join(s.dir, f.File), ErrDamaged, err)
}

// segments returns the entries of segments.
func (s *folder) segments() []entry {
	var r []entry
	for _, e := range s.m.entries {
		if e.Kind == kindSegment {
			r = append(r, e)
		}
	}
	return r
}

func (s *folder) spans() []span {
	var r []span
	for _, e := range s.segments() {
		r = append(r, span{e.From, e.To})
	}
	return r
}

func (s *folder) bytes() int64 {
	n := s.size + s.m.size
	for _, e := range s.m.entries {
		if e.Kind == kindSegment || e.Kind == kindLogitGradients {
			n += e.File.Bytes
		}
	}
	return n
}

// live returns the entries whose files are there: all but the states that later
// ones, or the end, have replaced.
func (s *folder) live() []entry {
	state := s.m.last(kindState)
	return slices.DeleteFunc(slices.Clone(s.m.entries), func(e entry) bool {
		return e.File == nil || e.Kind == kindState && (s.complete() || e.At != state.At)
	})
}

func (s *folder) get(i int) (segment, error) {
	e := s.segments()[i]
	seg, err := s.getSegment(e)
	if err != nil {
		return segment{}, s.damaged(*e.File, err)
	}
	return seg, nil
}

func (s *folder) getSegment(e entry) (segment, error) {
	dt, p := s.dtype(), s.head.Run.Params
	seg := segment{from: e.From}
	rows := 0
	taken := s.head.Run.taken(e.From, e.To)
	for _, yes := range taken {
		if yes {
			rows++
		}
	}
	// The tensors are made when the file is known to have the right size.
	var w, mom *graph.Tensor
	var g []*graph.Tensor
	one := func(t **graph.Tensor) func(func(*graph.Tensor) error) error {
		return func(f func(*graph.Tensor) error) error { return f(*t) }
	}
	list := []array{{"params", dt, []int{p}, one(&w)}, {"momentum", dt, []int{p}, one(&mom)}}
	if rows > 0 {
		list = append(list, array{"gradients", dt, []int{rows, p}, func(f func(*graph.Tensor) error) error {
			for _, t := range g {
				if err := f(t); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	err := readArrays(s.dir, *e.File, list, func() {
		w, mom = graph.NewTensor(dt, p), graph.NewTensor(dt, p)
		for range rows {
			g = append(g, graph.NewTensor(dt, p))
		}
	})
	if err != nil {
		return segment{}, err
	}
	seg.w, seg.p = w, mom
	for _, yes := range taken {
		if !yes {
			seg.g = append(seg.g, nil)
			continue
		}
		seg.g, g = append(seg.g, g[0]), g[1:]
	}
	return seg, nil
}

func (s *folder) dtype() graph.DType { return dtypeOf(s.head.Run.DType) }

func dtypeOf(name string) graph.DType {
	if name == graph.Float64.String() {
		return graph.Float64
	}
	return graph.Float32
}

// vector reads a file of one vector of p numbers.
func (s *folder) vector(e *entry, name string, p int) (t *graph.Tensor, err error) {
	dt := s.dtype()
	err = readArrays(s.dir, *e.File, []array{{name, dt, []int{p}, func(f func(*graph.Tensor) error) error { return f(t) }}},
		func() { t = graph.NewTensor(dt, p) })
	if err != nil {
		return nil, s.damaged(*e.File, err)
	}
	return t, nil
}

// Open reads the record of a folder that a Recorder made by Create, or Train, has
// written. Segments are read, and compared with their checksums, when they are
// used. The error wraps ErrInterrupted if the recorded run did not end, ErrDamaged
// if the folder cannot be trusted, ErrVersion if the format is another one.
func Open(dir string) (*Record, error) {
	s, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	if !s.complete() {
		if who, held, err := folderlock.Holder(dir); err == nil && held {
			return nil, fmt.Errorf("history: open %s: %w: it is being recorded%s", dir, ErrInterrupted, who)
		}
		return nil, fmt.Errorf("history: open %s: %w; history.Train goes on with it", dir, ErrInterrupted)
	}
	return s.record(), nil
}

// record returns the record of a run that has ended.
func (s *folder) record() *Record {
	return &Record{policy: s.head.Policy, print: s.head.Run, final: s.m.last(kindEnd).Final, store: s}
}
