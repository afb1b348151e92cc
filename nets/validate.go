package nets

import (
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// ErrNotFinite is wrapped by errors about parameters that hold NaN or an
// infinity, and about answers that do. Nothing is computed from them.
var ErrNotFinite = errors.New("not finite")

// Validate reports what a run that did not come from Train lacks, or where its
// parts contradict each other, naming the field. Whatever takes a Run asks it
// first. Of the examples it looks at number, shape and labels; data.Dataset.Validate
// looks at every value. Momentum may be nil: it is then not known.
func (r *Run) Validate() error {
	bad := func(format string, a ...any) error { return fmt.Errorf("nets: run: "+format, a...) }
	switch {
	case r == nil:
		return bad("it is nil; take one that Train returned")
	case r.Model == nil || r.Model.engine == nil:
		return bad("Model is nil, or not made by NewModel")
	case r.Data == nil:
		return bad("Data is nil; set the examples that were trained on")
	case r.Config.LR == nil:
		return bad("Config.LR is nil; set Config to Config.WithDefaults()")
	case r.Initial == nil:
		return bad("Initial is nil; set the parameters that training started from")
	case r.Params == nil:
		return bad("Params is nil: the run is not finished")
	}
	n := r.Data.Len()
	if got := len(r.Data.X); got != n*r.Data.Features() {
		return bad("Data has %d feature values for %d examples of %v", got, n, r.Data.Shape)
	}
	if err := r.Model.arch.Fits(r.Data); err != nil {
		return bad("Data: %w", err)
	}
	for i, y := range r.Data.Y {
		if y < 0 || int(y) >= r.Data.Classes {
			return bad("Data: example %d has label %d, of %d classes", i, y, r.Data.Classes)
		}
	}
	if err := r.Config.validate(r.Data); err != nil {
		return bad("Config: %w", err)
	}
	if err := r.Order.Validate(); err != nil {
		return bad("Order: %w", err)
	}
	if want := r.Config.order(r.Data); r.Order != want {
		return bad("Order is %+v, where Data and Config make it %+v", r.Order, want)
	}
	if want := r.Config.steps(r.Order); r.Steps != want || want == 0 {
		return bad("Steps is %d, where Config makes %d", r.Steps, want)
	}
	if err := CheckRates(r.Config.LR, r.Steps); err != nil {
		return bad("Config: %w", err)
	}
	for _, v := range []struct {
		name string
		t    *graph.Tensor
	}{{"Initial", r.Initial}, {"Params", r.Params}, {"Momentum", r.Momentum}} {
		if v.t != nil {
			if err := r.Model.CheckParams(v.t); err != nil {
				return bad("%s: %w", v.name, err)
			}
		}
	}
	return nil
}
