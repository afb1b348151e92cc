package nets

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Job is one training of [TrainMany].
type Job struct {
	Arch   Arch
	Data   *data.Dataset
	Config Config
}

// TrainMany trains many models, such as one for each of many seeds, and yields
// the runs in the order of jobs, each as soon as it and those before it are
// done. Up to workers models, 0 meaning GOMAXPROCS, are trained at a time, each
// by one goroutine on one core: that is faster than all cores on one model
// after the other, and the runs are the same bit for bit.
//
// Memory is that of workers models in training. Runs that wait for an earlier
// one hold vectors only, and no more than 2·workers jobs are begun and not
// yielded.
//
// The first error in the order of jobs is yielded last, with the job's run where
// that had finished and a hook failed after it, see [Train]; later jobs are
// cancelled, as they are when the loop ends early or ctx is cancelled. Hooks run
// in their job's goroutine: what jobs share must bear that. Engines must be nil
// or a [graph.Sharer]; a run's Model and Config have the job's engine, or one on
// all cores, for what follows. What is said of cores is so with a
// [graph.Walker]; other engines compute in training as they do alone.
func TrainMany(ctx context.Context, jobs []Job, workers int) iter.Seq2[*Run, error] {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(*Run, error) bool) {
		f := startFleet(ctx, jobs, min(workers, len(jobs)))
		defer f.stop()
		for i, done := range f.done {
			o := <-done
			f.done[i] = nil
			if o.err != nil {
				yield(o.run, fmt.Errorf("nets: job %d, %s of seed %d: %w", i, jobs[i].Arch.Name, jobs[i].Config.Seed, o.err))
				return
			}
			if !yield(o.run, nil) {
				return
			}
			<-f.begun
		}
	}
}

// fleet trains jobs in the background.
type fleet struct {
	jobs   []Job
	ctx    []context.Context // a job's own
	cancel []context.CancelFunc
	done   []chan outcome
	begun  chan struct{} // holds one for each job begun and not yielded
	quit   chan struct{}
	crew   sync.WaitGroup
	cores  graph.Engine // of runs whose job names none
}

type outcome struct {
	run *Run
	err error
}

func startFleet(ctx context.Context, jobs []Job, workers int) *fleet {
	f := &fleet{jobs: jobs, begun: make(chan struct{}, 2*workers), quit: make(chan struct{}), cores: graph.NewWalker(0)}
	for range jobs {
		c, cancel := context.WithCancel(ctx)
		f.ctx, f.cancel = append(f.ctx, c), append(f.cancel, cancel)
		f.done = append(f.done, make(chan outcome, 1))
	}
	queue := make(chan int)
	f.crew.Go(func() {
		defer close(queue)
		for i := range jobs {
			select {
			case f.begun <- struct{}{}:
				queue <- i
			case <-f.quit:
				return
			}
		}
	})
	for range workers {
		f.crew.Go(func() {
			for i := range queue {
				run, err := f.train(i)
				if err != nil {
					// Jobs before i go on: one of them may be the first to fail.
					f.cancelFrom(i + 1)
				}
				f.done[i] <- outcome{run, err}
			}
		})
	}
	return f
}

func (f *fleet) cancelFrom(i int) {
	for _, cancel := range f.cancel[i:] {
		cancel()
	}
}

// stop ends what is under way and waits for it.
func (f *fleet) stop() {
	f.cancelFrom(0)
	close(f.quit)
	f.crew.Wait()
}

// train trains job i on one core.
func (f *fleet) train(i int) (*Run, error) {
	job := f.jobs[i]
	engine := job.Config.Engine
	if engine == nil {
		engine = f.cores
	}
	if _, ok := engine.(graph.Sharer); !ok {
		return nil, fmt.Errorf("engine %s: many models at a time need an engine whose programs may run in parallel, a graph.Sharer", engine.Name())
	}
	if err := f.ctx[i].Err(); err != nil {
		return nil, err
	}
	job.Config.Engine = engine
	if _, ok := engine.(*graph.Walker); ok {
		job.Config.Engine = &graph.Walker{}
	}
	run, err := Train(f.ctx[i], job.Arch, job.Data, job.Config)
	if run != nil {
		run.Model.moveTo(engine)
		run.Config.Engine = engine
	}
	return run, err
}
