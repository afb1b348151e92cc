package history

import (
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// maxSegment is the number of gradients after which a long span continues in
// a new segment: what is in memory while recording to disk, and what is lost
// when a recorder is killed.
const maxSegment = 64

// Recorder is a training hook that keeps what its policy asks for. One
// Recorder serves one run.
type Recorder struct {
	policy Policy
	open   func(Fingerprint) (store, error)
	store  store
	print  Fingerprint
	known  *known
	plan   []span // still to come
	now    *segment
	logits *logitGradients // nil unless asked for
	final  string          // digest of w_T
	done   bool
}

// NewRecorder returns a Recorder that keeps its record in memory.
func NewRecorder(p Policy) *Recorder {
	return &Recorder{policy: p, open: func(Fingerprint) (store, error) { return &memory{}, nil }}
}

// Create returns a Recorder that writes its record to a folder, which must
// not exist or be empty. A segment is in the folder as soon as it is complete.
// While it records, the folder is locked for other writers; folder and files
// are for their owner alone.
func Create(p Policy, dir string) *Recorder {
	return &Recorder{policy: p, open: func(f Fingerprint) (store, error) { return createFolder(dir, p, f) }}
}

// OnStart implements nets.Hook.
func (r *Recorder) OnStart(s nets.Start) error {
	if r.store != nil {
		return errors.New("history: a Recorder serves one run; make a new one")
	}
	if s.Config.Drop.Len() > 0 || s.Config.Only != nil || s.Config.Holes != (data.Holes{}) || s.From > 0 {
		return errors.New("history: a run that leaves examples out, or is resumed, cannot be recorded")
	}
	r.known = know(s.Data, checksum(s.Data))
	r.print = fingerprint(s.Model, s.Order, s.Steps, s.Config, s.Data, r.known.sum, s.Initial)
	r.plan = r.policy.plan(s.Steps, s.Order.StepsPerEpoch())
	if r.policy.logitGradients {
		r.logits = newLogitGradients(s)
	}
	store, err := r.open(r.print)
	if err != nil {
		return err
	}
	r.store = store
	return nil
}

// OnStep implements nets.Hook.
func (r *Recorder) OnStep(s nets.Step) error {
	if r.logits != nil {
		r.logits.add(s)
	}
	if len(r.plan) == 0 || s.T < r.plan[0].From {
		return nil
	}
	if r.now == nil {
		r.now = &segment{from: s.T, w: s.Params.Clone(), p: s.Momentum.Clone()}
	}
	span := r.plan[0]
	if s.T < span.To {
		r.now.g = append(r.now.g, s.Grad.Clone())
	}
	if end := s.T+1 >= span.To; end || len(r.now.g) == maxSegment {
		if err := r.store.put(*r.now); err != nil {
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
	if len(r.plan) > 0 {
		return fmt.Errorf("history: the run ended before step %d, which %s asks for", r.plan[0].From, r.policy)
	}
	if r.logits != nil {
		if err := r.store.putLogitGradients(r.logits.tensor()); err != nil {
			return err
		}
		r.logits = nil
	}
	r.final = nets.Digest(run.Params)
	if err := r.store.finish(r.final); err != nil {
		return err
	}
	r.done = true
	return nil
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
	rec := &Record{policy: r.policy.String(), print: r.print, final: r.final, store: r.store}
	rec.known.Store(r.known)
	return rec
}
