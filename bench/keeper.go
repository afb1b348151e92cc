package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Keeper holds what is costly to make and shared by experiments: runs with their
// records, and retrained references. What it returns is the same bits as if it had
// been made anew. A Keeper may be used concurrently.
type Keeper interface {
	// Train returns a run of the model on the data by cfg, and a record of it by each
	// of the policies. Hooks of cfg see the steps that are taken, none of a run that
	// was kept.
	Train(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error)
	// Retrained returns what was kept of the retrainings for a request, nil if
	// nothing was.
	Retrained(p unlearning.Problem, test *data.Dataset) *Retrained
	// KeepRetrained keeps it. It is called again as more of it is known.
	KeepRetrained(p unlearning.Problem, test *data.Dataset, r *Retrained)
}

// Retrained is what a Reference trains: the parameters that replayed retraining
// leaves, and of retrainings with other seeds the margin excess that is left.
type Retrained struct {
	Params    *graph.Tensor
	GradEvals float64
	Seconds   Float // missing where cores are shared
	// Floor is the margin excess of as many retrainings as have been made, of five.
	Floor []float64
}

// Whole reports whether all retrainings are in it.
func (r *Retrained) Whole() bool { return r != nil && r.Params != nil && len(r.Floor) == floorSeeds }

// NoKeeper keeps nothing: a run is trained where it is asked for.
var NoKeeper Keeper = nothing{}

type nothing struct{}

// Train implements Keeper.
func (nothing) Train(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error) {
	recorders := make([]*history.Recorder, len(policies))
	hooks := cfg.Hooks
	cfg.Hooks = slices.Clone(hooks)
	for i, p := range policies {
		recorders[i] = history.NewRecorder(p)
		cfg.Hooks = append(cfg.Hooks, recorders[i])
	}
	run, err := m.Train(ctx, train, cfg)
	if err != nil {
		return nil, nil, err
	}
	run.Config.Hooks = hooks
	records := make([]*history.Record, len(policies))
	for i, r := range recorders {
		records[i] = r.Record()
	}
	return run, records, nil
}

// Retrained implements Keeper.
func (nothing) Retrained(unlearning.Problem, *data.Dataset) *Retrained { return nil }

// KeepRetrained implements Keeper.
func (nothing) KeepRetrained(unlearning.Problem, *data.Dataset, *Retrained) {}

// retrain makes what is missing of r.made, and tells keep of every step of it.
func (r *Reference) retrain(ctx context.Context, progress func(string), keep func(*Retrained)) error {
	if r.made.Params == nil {
		progress("retraining")
		res, err := (unlearning.Retrain{}).Unlearn(ctx, r.problem)
		if err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		r.made = &Retrained{Params: res.Params, GradEvals: res.GradEvals, Seconds: Float(res.Elapsed.Seconds())}
		keep(r.made)
	}
	for k := len(r.made.Floor); k < floorSeeds; k++ {
		progress(fmt.Sprintf("retraining with other seeds, %d of %d", k+1, floorSeeds))
		res, err := r.retrainOther(ctx, otherSeed+1+uint64(k))
		if err != nil {
			return err
		}
		e, err := r.excess(ctx, res.Params)
		if err != nil {
			return err
		}
		r.made.Floor = append(r.made.Floor, e)
		keep(r.made)
	}
	return nil
}
