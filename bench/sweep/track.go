package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/nets/track"
)

// tracker writes the scalars of a base run to one place. What it cannot write it says
// once, and costs the run nothing.
type tracker struct {
	place string
	open  func() ([]track.Writer, error)
	say   func(string)
	hook  *track.Hook // nil before the run and after a failure
}

// trackers returns the hooks of each base run: for a folder with its name below dir, if
// that is not "", and for a run on a server, if that has an address.
func trackers(dir string, server track.MLflow, say func(string)) func(run string) []nets.Hook {
	if dir == "" && server.URL == "" {
		return nil
	}
	return func(run string) (hooks []nets.Hook) {
		if dir != "" {
			name := strings.NewReplacer("/", "_", `\`, "_", ":", "-", ", ", "_", " ", "_").Replace(run)
			folder := filepath.Join(dir, name[max(0, len(name)-200):]) // names have at most 255 bytes
			hooks = append(hooks, &tracker{place: folder, say: say, open: func() ([]track.Writer, error) { return files(folder) }})
		}
		if server.URL != "" {
			hooks = append(hooks, &tracker{place: server.Place(), say: say, open: func() ([]track.Writer, error) {
				w, err := server.Run(context.Background(), run) // an interrupt still ends the run on the server
				return []track.Writer{w}, err
			}})
		}
		return hooks
	}
}

// files returns the writers into a folder.
func files(folder string) ([]track.Writer, error) {
	csv, err := track.CSV(filepath.Join(folder, "scalars.csv"))
	if err != nil {
		return nil, err
	}
	board, err := track.TensorBoard(folder)
	if err != nil {
		return nil, errors.Join(err, csv.Close())
	}
	return []track.Writer{csv, board}, nil
}

// try ends the tracking where it fails.
func (t *tracker) try(err error) error {
	if err != nil {
		t.say(fmt.Sprintf("the run is not tracked in %s: %v", t.place, err))
		if t.hook != nil {
			t.hook.OnStop()
		}
		t.hook = nil
	}
	return nil
}

// OnStart implements nets.Hook.
func (t *tracker) OnStart(s nets.Start) error {
	to, err := t.open()
	if err != nil {
		return t.try(err)
	}
	t.hook = &track.Hook{To: to}
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
