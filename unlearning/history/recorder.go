package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

const (
	// maxSegment is the number of gradients after which a long span continues in a
	// new segment, and segmentBytes their size: what is in memory while recording to
	// disk, and what is lost when a recorder is killed.
	maxSegment   = 64
	segmentBytes = 64 << 20
	// stateShare is the part of the time that saving states may take, where the
	// caller does not say how often.
	stateShare = 0.004
)

// Recorder is a training hook that keeps what its policy asks for. One
// Recorder serves one run.
type Recorder struct {
	policy Policy
	open   func(Description) (store, error)
	store  store
	head   Description
	known  *known
	plan   []span // still to come
	now    *segment
	next   int // the step after the last that was shown
	per    int // gradients of a segment
	logits *logitGradients
	states states
	resume *resume // where a run goes on, nil for one from its beginning
	of     string  // whose w_T is; "" means the original run's
	final  string  // nets.Digest of w_T
	done   bool
}

// NewRecorder returns a Recorder that keeps its record in memory.
func NewRecorder(p Policy) *Recorder {
	return &Recorder{policy: p, open: func(Description) (store, error) { return &memory{}, nil }}
}

// Create returns a Recorder that writes its record to a folder, which must
// not exist or be empty. A segment is in the folder as soon as it is complete, and
// now and then the state of the run is, from which Train can go on; OpenRun opens
// the run when it is finished. While it records, the folder is locked for other
// writers; folder and files are for their owner alone.
func Create(p Policy, dir string) *Recorder {
	return &Recorder{policy: p, open: func(h Description) (store, error) {
		f, err := createFolder(dir, h)
		if err != nil {
			return nil, err
		}
		return writeBehind(f), nil
	}}
}

// OnStart implements nets.Hook.
func (r *Recorder) OnStart(s nets.Start) error {
	if r.store != nil {
		return errors.New("history: a Recorder serves one run; make a new one")
	}
	if s.Config.Drop.Len() > 0 || s.Config.Only != nil {
		return errors.New("history: a run that leaves examples out cannot be recorded")
	}
	r.known = know(s.Data, checksum(s.Data))
	print := fingerprint(s.Model, s.Order, s.Steps, s.Config, s.Data, r.known.sum, s.Initial)
	if err := r.begin(print, s.Config, s.Model, s.Steps, s.Order); err != nil {
		return err
	}
	switch {
	case r.resume != nil && s.From == r.resume.Step:
		r.skipRecorded(r.resume.spans)
		r.logits, r.next = r.resume.logits, s.From
		if len(r.plan) > 0 {
			r.next = min(r.next, r.plan[0].From) // empty batches in between
		}
	case r.resume != nil || s.From > 0:
		return fmt.Errorf("history: the run goes on from step %d, which is not where the record ends; use history.Train", s.From)
	case r.policy.logitGradients:
		r.logits = newLogitGradients(s.Data.Len(), s.Model.Arch().Classes, fadeOf(s.Config, s.Steps))
	}
	if err := r.putInitial(s.Config, s.Initial); err != nil {
		return err
	}
	r.states.last = time.Now()
	return nil
}

// begin makes the plan and the store.
func (r *Recorder) begin(print Fingerprint, cfg nets.Config, m *nets.Model, steps int, order data.Order) error {
	r.head = describe(r.policy, print, cfg, m.Arch().Classes)
	r.per = max(1, min(maxSegment, segmentBytes/(m.Size()*m.DType().Bytes())))
	r.plan = r.policy.plan(steps, order.StepsPerEpoch())
	store, err := r.open(r.head)
	if err != nil {
		return err
	}
	r.store = store
	return nil
}

// putInitial writes initial parameters that are not those of the seed.
func (r *Recorder) putInitial(cfg nets.Config, w0 *graph.Tensor) error {
	f, onDisk := r.store.(*behind)
	if !onDisk || cfg.From == nil || f.m.last(kindInitial) != nil {
		return nil
	}
	file, err := writeArrays(f.dir, initialFile, arrayOf("initial", w0.DType(), w0.Len(), 0, w0))
	if err == nil {
		err = f.m.add(entry{Kind: kindInitial, File: &file})
	}
	if err != nil {
		return fmt.Errorf("history: initial parameters: %w", err)
	}
	return nil
}

// skipRecorded takes from the plan what an interrupted run has left.
func (r *Recorder) skipRecorded(spans []span) {
	for _, s := range spans {
		for i := range r.plan {
			p := &r.plan[i]
			checkpoint := p.From == p.To
			if s.From < p.From || s.To > p.To || checkpoint != (s.From == s.To) {
				continue
			}
			if p.From = s.To; checkpoint || p.From == p.To {
				r.plan = slices.Delete(r.plan, i, i+1)
			}
			break
		}
	}
}

// OnStep implements nets.Hook.
func (r *Recorder) OnStep(s nets.Step) error {
	if b, ok := r.store.(*behind); ok {
		if err := b.failed(); err != nil {
			return err
		}
	}
	at := position{s.T, s.Params, s.Momentum, s.Tally}
	if err := r.empty(at); err != nil {
		return err
	}
	// Inside a segment a state would be of no use: the segment's beginning would be
	// missing.
	if r.now == nil && r.states.due(s.T) {
		if err := r.states.save(r, at); err != nil {
			return err
		}
	}
	if r.logits != nil {
		r.logits.add(s)
	}
	r.next = s.T + 1
	return r.record(s.T, at, s.Grad)
}

// position is where the run stands before step t.
type position struct {
	t     int
	w, p  *graph.Tensor
	tally nets.Tally
}

// empty records the steps that were not shown before this position, since their
// batches were empty: nothing moved there.
func (r *Recorder) empty(at position) error {
	for ; r.next < at.t; r.next++ {
		if err := r.record(r.next, at, nil); err != nil {
			return err
		}
	}
	return nil
}

// record records step t if the plan asks for it. The run stands there as it stands
// at the given position.
func (r *Recorder) record(t int, at position, g *graph.Tensor) error {
	if len(r.plan) == 0 || t < r.plan[0].From {
		return nil
	}
	if r.now == nil {
		r.now = &segment{from: t, w: at.w.Clone(), p: at.p.Clone()}
	}
	span := r.plan[0]
	if t < span.To {
		if g != nil {
			g = g.Clone()
		}
		r.now.g = append(r.now.g, g)
	}
	if end := t+1 >= span.To; end || len(r.now.g) == r.per {
		if err := r.store.put(*r.now, at.t, at.tally); err != nil {
			return err
		}
		r.now = nil
		if end {
			r.plan = r.plan[1:]
		}
	}
	return nil
}

// OnEnd implements nets.Hook.
func (r *Recorder) OnEnd(run *nets.Run) error {
	tally := nets.Tally{Losses: run.Losses, GradEvals: run.GradEvals}
	if err := r.empty(position{run.Steps, run.Params, run.Momentum, tally}); err != nil {
		return err
	}
	if len(r.plan) > 0 {
		return fmt.Errorf("history: the run ended before step %d, which %s asks for", r.plan[0].From, r.policy)
	}
	if l := r.logits; l != nil {
		if err := r.store.putLogitGradients(l.shape(), l.numbers); err != nil {
			return err
		}
		r.logits = nil
	}
	r.final = nets.Digest(run.Params)
	if err := r.store.finish(run, r.final, r.whose(run)); err != nil {
		return err
	}
	r.done = true
	return nil
}

// whose says in the file of w_T whose it is.
func (r *Recorder) whose(run *nets.Run) string {
	if n := run.Order.Holes.Len(); r.of == "" && n > 0 {
		return fmt.Sprintf("retrained without %d examples", n)
	}
	return cmp.Or(r.of, "original")
}

// OnStop implements nets.Stopper: the folder is free again.
func (r *Recorder) OnStop() {
	if r.store != nil {
		r.store.release()
	}
}

// Record returns the record of the finished run. It panics before the run has
// ended.
func (r *Recorder) Record() *Record {
	if !r.done {
		panic("history: Record before the recorded run has ended")
	}
	rec := &Record{policy: r.policy.String(), print: r.head.Run, final: r.final, store: r.store}
	rec.known.Store(r.known)
	return rec
}

// stateEvery is a number of steps between states for tests; 0 means by time.
var stateEvery int

// states says when the state of a run is saved.
type states struct {
	last time.Time     // of the last, or of the beginning
	cost time.Duration // of the last
}

// due reports whether it is time. That is when saving, if it takes as long as the
// last time, takes no more than its share of the time, and not in the first
// seconds, which are as soon done again.
func (s *states) due(t int) bool {
	if stateEvery > 0 {
		return t > 0 && t%stateEvery == 0
	}
	wait := max(2*time.Second, time.Duration(float64(s.cost)/stateShare))
	return time.Since(s.last) > wait
}

func (s *states) save(r *Recorder, at position) error {
	f, onDisk := r.store.(*behind)
	if !onDisk {
		s.last = time.Now()
		return nil
	}
	began := time.Now()
	err := f.putState(at.t, at.w, at.p, r.logits, at.tally)
	s.last = time.Now()
	s.cost = s.last.Sub(began)
	return err
}
