package history

import (
	"sync"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// behind is a folder that is written behind the training, which goes on while a
// segment is on its way to the disk. One is being written at a time, and one may be
// gathered meanwhile: that bounds the memory. An error is told at the next call.
type behind struct {
	*folder
	jobs chan func() error
	done sync.WaitGroup // of the goroutine that writes

	mu  sync.Mutex
	err error // the first
}

func writeBehind(f *folder) *behind {
	b := &behind{folder: f, jobs: make(chan func() error)}
	b.done.Go(func() {
		for job := range b.jobs {
			if b.failed() == nil {
				b.fail(job())
			}
		}
	})
	return b
}

func (b *behind) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}

// failed returns the error of what has been written so far.
func (b *behind) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// wait returns when everything is written, and with what error.
func (b *behind) wait() error {
	if b.jobs != nil {
		b.jobs <- func() error { return nil } // when it is taken, the one before is done
	}
	return b.failed()
}

func (b *behind) put(s segment, at int, tally nets.Tally) error {
	if err := b.failed(); err != nil {
		return err
	}
	b.jobs <- func() error { return b.folder.put(s, at, tally) }
	return nil
}

func (b *behind) putState(t int, w, p *graph.Tensor, l *logitGradients, tally nets.Tally) error {
	if err := b.wait(); err != nil {
		return err
	}
	return b.folder.putState(t, w, p, l, tally)
}

func (b *behind) putLogitGradients(shape []int, numbers func(func(*graph.Tensor) error) error) error {
	if err := b.wait(); err != nil {
		return err
	}
	return b.folder.putLogitGradients(shape, numbers)
}

func (b *behind) finish(run *nets.Run, final, of string) error {
	if err := b.wait(); err != nil {
		return err
	}
	return b.folder.finish(run, final, of)
}

func (b *behind) release() {
	if b.jobs != nil {
		close(b.jobs)
		b.done.Wait()
		b.jobs = nil
	}
	b.folder.release()
}
