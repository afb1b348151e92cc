package nets

import "errors"

// watch calls the hooks of a run.
type watch struct {
	hooks   []Hook
	failed  []error // of each hook, at the last step or after it
	started int
}

func newWatch(hooks []Hook) *watch { return &watch{hooks: hooks, failed: make([]error, len(hooks))} }

func (w *watch) start(s Start) error {
	for _, h := range w.hooks {
		w.started++
		if err := h.OnStart(s); err != nil {
			return &HookError{-1, err}
		}
	}
	return nil
}

// step shows the hooks a step. The last one is shown to all of them, and is taken
// whatever they say.
func (w *watch) step(s Step, last bool) error {
	for i, h := range w.hooks {
		err := h.OnStep(s)
		if err == nil {
			continue
		}
		err = &HookError{s.T, err}
		if !last {
			return err
		}
		w.failed[i] = err
	}
	return nil
}

// end shows the hooks the run, and returns what they said against it since the
// last step.
func (w *watch) end(r *Run) error {
	for i, h := range w.hooks {
		if w.failed[i] == nil {
			if err := h.OnEnd(r); err != nil {
				w.failed[i] = &HookError{r.Steps, err}
			}
		}
	}
	return errors.Join(w.failed...)
}

func (w *watch) stop() {
	for _, h := range w.hooks[:w.started] {
		if s, ok := h.(Stopper); ok {
			s.OnStop()
		}
	}
}
