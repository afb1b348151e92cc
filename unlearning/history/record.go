package history

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Record is what was kept of a run. It is read-only and may be used by several
// goroutines, Steps with a Model for each.
type Record struct {
	policy string
	print  Fingerprint
	final  string // nets.Digest of w_T
	store  store
	known  atomic.Pointer[known] // the data set last compared with
}

// GapError says that a record does not hold what was asked for.
type GapError struct {
	From, To int    // steps asked for: To−From gradients, or a checkpoint at From
	Policy   string // what was kept
}

// Error implements error.
func (e *GapError) Error() string {
	if e.From == e.To {
		return fmt.Sprintf("history: no checkpoint at step %d; the record's policy was %s, record with one that keeps it, such as history.At", e.From, e.Policy)
	}
	return fmt.Sprintf("history: steps %d to %d are not all recorded; the record's policy was %s, record with history.All", e.From, e.To-1, e.Policy)
}

// Policy returns the notation of the policy it was recorded with.
func (r *Record) Policy() string { return r.policy }

// Fingerprint returns what identifies the run.
func (r *Record) Fingerprint() Fingerprint { return r.print }

// Bytes returns the size of what is kept: in memory the numbers, in a folder the
// files that hold them and those that describe them, which are less than 2 kB and
// 1 kB for each segment. The parameters and the momentum that a run on disk ended
// with are the run's, not its record's.
func (r *Record) Bytes() int64 { return r.store.bytes() }

// Final returns the digest of the parameters w_T that the run ended with, see
// nets.Digest.
func (r *Record) Final() string { return r.final }

// Check returns an error that wraps ErrMismatch if the record is not one of
// run, its final parameters included, and one that wraps ErrEngine if it is but
// for the engine.
//
// The data are compared by a checksum of all of them. It is not taken again of
// the very Dataset that was recorded, or compared before, in this process: a
// Dataset is read-only once in use, and changing it in place goes unnoticed.
func (r *Record) Check(run *nets.Run) error {
	if err := run.Validate(); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	sum := r.known.Load().checksum(run.Data)
	r.known.Store(know(run.Data, sum))
	err := r.print.check(fingerprint(run.Model, run.Order, run.Steps, run.Config, run.Data, sum, run.Initial))
	if err != nil && !errors.Is(err, ErrEngine) {
		return err
	}
	if got := nets.Digest(run.Params); got != r.final {
		return fmt.Errorf("history: %w: its final parameters have the digest %.8s…, the run's %.8s…; they are another run's, or some have been forgotten since", ErrMismatch, r.final, got)
	}
	return err
}

// Checkpoints returns the steps before which parameters and momentum are
// stored, ascending.
func (r *Record) Checkpoints() []int {
	var ts []int
	for _, s := range r.store.spans() {
		ts = append(ts, s.From)
	}
	return ts
}

// Checkpoint returns the parameters and momentum before step t, and the bytes
// of their numbers. It returns a *GapError if they are not stored.
func (r *Record) Checkpoint(t int) (w, p *graph.Tensor, read int64, err error) {
	i := slices.IndexFunc(r.store.spans(), func(s span) bool { return s.From == t })
	if i < 0 {
		return nil, nil, 0, &GapError{t, t, r.policy}
	}
	s, err := r.store.get(i)
	if err != nil {
		return nil, nil, 0, err
	}
	return s.w.Clone(), s.p.Clone(), segment{w: s.w, p: s.p}.bytes(), nil
}

// Covered returns the maximal runs [from, to) of steps whose gradients are
// stored.
func (r *Record) Covered() [][2]int {
	var c [][2]int
	for _, s := range r.store.spans() {
		switch last := len(c) - 1; {
		case s.From == s.To:
		case last >= 0 && c[last][1] == s.From:
			c[last][1] = s.To
		default:
			c = append(c, [2]int{s.From, s.To})
		}
	}
	return c
}

// Step is a recorded step. Its tensors are valid until the next one is asked
// for and must not be changed.
type Step struct {
	T         int
	W, P      *graph.Tensor // before the step
	G         *graph.Tensor // mean gradient of the batch, without weight decay; 0 where it was empty
	WAfter    *graph.Tensor // after the step
	PAfter    *graph.Tensor
	BytesRead int64 // so far, counting the numbers of the segments read
}

// Steps replays the steps from … to−1, with the update of m's training. It
// yields a *GapError, and nothing else, if the record does not cover them.
func (r *Record) Steps(m *nets.Model, lr func(t int) float64, from, to int) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		at := from
		for _, c := range r.Covered() {
			if c[0] <= at {
				at = max(at, c[1])
			}
		}
		if at < to {
			yield(Step{}, &GapError{from, to, r.policy})
			return
		}
		var read int64
		for i, sp := range r.store.spans() {
			if sp.To <= from || sp.From >= to || sp.From == sp.To {
				continue
			}
			seg, err := r.store.get(i)
			if err != nil {
				yield(Step{}, err)
				return
			}
			read += seg.bytes()
			s, err := m.NewStepper(r.print.Momentum, r.print.WeightDecay, seg.w, seg.p)
			if err != nil {
				yield(Step{}, err)
				return
			}
			for j, g := range seg.g {
				t := seg.from + j
				if t >= to {
					return
				}
				st := Step{T: t, W: s.W, P: s.P, G: g, BytesRead: read}
				if g == nil { // the batch was empty
					st.G = m.NewVector()
				} else if err := s.Step(g, lr(t)); err != nil {
					yield(Step{}, err)
					return
				}
				st.WAfter, st.PAfter = s.W, s.P
				if t >= from && !yield(st, nil) {
					return
				}
			}
		}
	}
}
