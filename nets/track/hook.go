package track

import (
	"cmp"
	"errors"

	"github.com/miniunlearn/miniunlearn/nets"
)

// Writer takes the scalars of a run.
type Writer interface {
	// Scalar is called with steps that do not fall, for a tag such as "loss".
	Scalar(step int, tag string, value float64) error
	// Close is called once, after the last Scalar, unless Abort of an Aborter is.
	Close() error
}

// Aborter is a Writer that says of a run whether it was finished.
type Aborter interface {
	Writer
	// Abort is called in place of Close for a run that diverged, was interrupted or
	// failed.
	Abort() error
}

// Tags of a Hook's scalars.
const (
	TagLoss      = "loss"       // of the batch, without weight decay
	TagRate      = "lr"         // the learning rate
	TagEpochLoss = "epoch_loss" // the mean of an epoch, at its last step
)

// Hook hands the scalars of a run to writers. It is for one run.
type Hook struct {
	// Every says which steps are written: 1 or 0 for all, 10 for every tenth. The
	// means of epochs are written whatever it is.
	Every int
	To    []Writer

	perEpoch, steps, n int
	sum                float64
}

// OnStart implements nets.Hook.
func (h *Hook) OnStart(s nets.Start) error {
	h.perEpoch, h.steps, h.sum, h.n = s.Order.StepsPerEpoch(), s.Steps, 0, 0
	return nil
}

// OnStep implements nets.Hook.
func (h *Hook) OnStep(s nets.Step) error {
	var err error
	if s.T%cmp.Or(max(h.Every, 0), 1) == 0 {
		err = errors.Join(h.write(s.T, TagLoss, s.Loss), h.write(s.T, TagRate, s.LR))
	}
	h.sum, h.n = h.sum+s.Loss*float64(len(s.Batch)), h.n+len(s.Batch)
	if (s.T+1)%h.perEpoch == 0 || s.T+1 == h.steps {
		if h.n > 0 {
			err = errors.Join(err, h.write(s.T, TagEpochLoss, h.sum/float64(h.n)))
		}
		h.sum, h.n = 0, 0
	}
	return err
}

func (h *Hook) write(step int, tag string, value float64) error {
	var errs []error
	for _, w := range h.To {
		errs = append(errs, w.Scalar(step, tag, value))
	}
	return errors.Join(errs...)
}

// OnEnd implements nets.Hook.
func (h *Hook) OnEnd(*nets.Run) error { return h.close(Writer.Close) }

// OnStop implements nets.Stopper: it closes what a run that did not come to its end has
// left open, and aborts an [Aborter].
func (h *Hook) OnStop() {
	_ = h.close(func(w Writer) error { // what was written is there; the run has its own error
		if a, ok := w.(Aborter); ok {
			return a.Abort()
		}
		return w.Close()
	})
}

func (h *Hook) close(end func(Writer) error) error {
	var errs []error
	for _, w := range h.To {
		errs = append(errs, end(w))
	}
	h.To = nil
	return errors.Join(errs...)
}
