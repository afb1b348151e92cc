package grid

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// runner is a plan being run.
type runner struct {
	*Plan
	Options
	maker Maker

	mu      sync.Mutex
	outcome *Outcome
	event   Event
}

func (p *Plan) runner(o Options) (*runner, error) {
	for _, e := range o.Engines {
		if e.Name() != p.engine {
			return nil, fmt.Errorf("grid: the engine is %s, and the plan was made for %s", e.Name(), p.engine)
		}
	}
	return &runner{Plan: p, Options: o, maker: Maker{p.engine, Build()}, outcome: &Outcome{Rows: make([]*bench.Row, len(p.Cells))}}, nil
}

// state reads what there is of every cell.
func (r *runner) state() error {
	list, err := r.Folder.list()
	if err != nil {
		return err
	}
	var others []Maker
	for i, c := range r.Cells {
		found, err := r.Folder.get(c, r.maker, r.Reuse.cell(c.Method), list)
		if err != nil {
			return err
		}
		if found.damaged != nil {
			r.say("%v; it is computed again", found.damaged)
		}
		if found.found {
			row := found.row
			row.Use = c.use
			r.outcome.Rows[i] = &row
		} else {
			others = append(others, found.others...)
		}
	}
	if len(others) > 0 {
		r.say("%d cells are there from %s, and are not taken for those of this program and engine %s; -other-builds all takes those of other builds", len(others), describeOthers(others, r.maker), r.maker.Engine)
	}
	return nil
}

func (r *runner) say(format string, args ...any) {
	if r.Say != nil {
		r.Say(fmt.Sprintf(format, args...))
	}
}

// work is a request with the cells of it that are to be computed.
type work struct {
	*request
	cells []int
}

// todo returns what is to be computed, and counts what is there.
func (r *runner) todo() (all []work, err error) {
	for k, req := range r.requests {
		w := work{request: req}
		for _, i := range req.cells {
			row, here := r.outcome.Rows[i], r.Shard.has(k)
			if here {
				r.event.Total++
			}
			if here && (row == nil || r.Fresh || r.Retry && row.Error != "") {
				w.cells = append(w.cells, i)
				continue
			}
			if row == nil {
				continue
			}
			if here {
				r.event.add(*row)
			}
			if r.Known != nil {
				if err := r.Known(i, *row); err != nil {
					return nil, err
				}
			}
		}
		if len(w.cells) > 0 {
			all = append(all, w)
		}
	}
	return all, nil
}

// add counts a cell that is there.
func (e *Event) add(row bench.Row) {
	e.Done++
	if row.Error != "" {
		e.Failed++
	}
}

// cellBytes is about what the file of a cell takes.
const cellBytes = 4 << 10

// room meets a folder that cannot be written, or has no room, before the work.
func (r *runner) room(todo []work) error {
	if r.Folder == "" {
		return nil
	}
	n := 0
	for _, w := range todo {
		n += len(w.cells)
	}
	if err := atomicfile.Room(filepath.Join(string(r.Folder), "room"), int64(n)*cellBytes); err != nil {
		return fmt.Errorf("grid: the cells cannot be kept in %s; choose another folder: %w", r.Folder, err)
	}
	if err := atomicfile.SweepShared(string(r.Folder)); err != nil {
		r.say("what killed writes have left in %s stays there: %v", r.Folder, err)
	}
	return nil
}

// tell reports progress.
func (r *runner) tell(text string) {
	if r.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.event
	e.Text = text
	r.Progress(e)
}

// request computes cells of a request.
func (r *runner) request(ctx context.Context, w work, engine graph.Engine) error {
	w, err := r.again(w) // others may have been at work
	if err != nil || len(w.cells) == 0 {
		return err
	}
	x := w.Experiment
	x.Config.Engine, x.Config.Logger = engine, r.Logger
	if r.Logger != nil {
		x.Config.Logger = r.Logger.With("run", w.title)
	}
	if r.Hooks != nil {
		x.Config.Hooks = r.Hooks(w.title + ", " + r.Cells[w.request.cells[0]].Address[:8])
	}
	x.Untimed = len(r.Engines) > 1
	x.Progress = r.tell
	if r.Cache != nil {
		x.Keeper = r.Cache
	}
	of := map[int]int{} // cells by position
	var positions []int
	for _, i := range w.cells {
		p := r.Cells[i].position
		of[p] = i
		positions = append(positions, p)
	}
	return x.Rows(ctx, positions, func(p int, row bench.Row) error { return r.done(of[p], row) })
}

// again leaves out the cells that another process has computed meanwhile.
func (r *runner) again(w work) (work, error) {
	if r.Fresh || r.Retry {
		return w, nil
	}
	left := work{request: w.request}
	for _, i := range w.cells {
		found, err := r.Folder.get(r.Cells[i], r.maker, false, nil)
		if err != nil || !found.found {
			left.cells = append(left.cells, i)
			continue
		}
		if err := r.count(i, found.row, false); err != nil {
			return left, err
		}
	}
	return left, nil
}

// count notes a row that is there, and whether this run has made it.
func (r *runner) count(i int, row bench.Row, computed bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	row.Use = r.Cells[i].use
	r.outcome.Rows[i] = &row
	r.event.add(row)
	if computed {
		r.event.Computed++
		r.outcome.Computed++
	}
	if r.Known != nil {
		return r.Known(i, row)
	}
	return nil
}

// done keeps the row of a cell.
func (r *runner) done(i int, row bench.Row) error {
	if len(r.Engines) > 1 {
		row.Seconds, row.RetrainSeconds = attacks.Missing(), attacks.Missing()
	}
	err := r.Folder.put(r.Cells[i], r.maker, row)
	if err != nil {
		r.mu.Lock()
		r.outcome.Lost = append(r.outcome.Lost, i)
		r.mu.Unlock()
	}
	if err := errors.Join(err, r.count(i, row, true)); err != nil {
		return err
	}
	r.tell("")
	return nil
}
