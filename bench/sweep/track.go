package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/nets/track"
)

// tracker writes the scalars of a base run into a folder of its own. What it cannot
// write it says once, and costs the run nothing.
type tracker struct {
	dir  string
	say  func(string)
	hook *track.Hook // nil before the run and after a failure
}

// trackers returns the hook of each base run: a folder with its name below dir. Without
// dir there are none.
func trackers(dir string, say func(string)) func(run string) []nets.Hook {
	if dir == "" {
		return nil
	}
	return func(run string) []nets.Hook {
		name := strings.NewReplacer("/", "_", `\`, "_", ":", "-", ", ", "_", " ", "_").Replace(run)
		return []nets.Hook{&tracker{dir: filepath.Join(dir, name[max(0, len(name)-200):]), say: say}} // names have at most 255 bytes
	}
}

// try ends the tracking where it fails.
func (t *tracker) try(err error) error {
	if err != nil {
		t.say(fmt.Sprintf("the run is not tracked in %s: %v", t.dir, err))
		if t.hook != nil {
			t.hook.OnStop()
		}
		t.hook = nil
	}
	return nil
}

// OnStart implements nets.Hook.
func (t *tracker) OnStart(s nets.Start) error {
	csv, err := track.CSV(filepath.Join(t.dir, "scalars.csv"))
	if err != nil {
		return t.try(err)
	}
	board, err := track.TensorBoard(t.dir)
	if err != nil {
		return t.try(errors.Join(err, csv.Close()))
	}
	t.hook = &track.Hook{To: []track.Writer{csv, board}}
	return t.try(t.hook.OnStart(s))
}

// OnStep implements nets.Hook.
func (t *tracker) OnStep(s nets.Step) error {
	if t.hook == nil {
		return nil
	}
	return t.try(t.hook.OnStep(s))
}

// OnEnd implements nets.Hook.
func (t *tracker) OnEnd(r *nets.Run) error {
	if t.hook == nil {
		return nil
	}
	return t.try(t.hook.OnEnd(r))
}

// OnStop implements nets.Stopper.
func (t *tracker) OnStop() {
	if t.hook != nil {
		t.hook.OnStop()
	}
}
