package nets

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// DivergedError says that training left the finite numbers.
type DivergedError struct {
	Step  int
	Where string // the layer and op that was not finite first
}

// Error implements error.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("nets: training diverged at step %d: not finite in %s; lower the learning rate or look at the data", e.Step, e.Where)
}

// Train trains arch on ds. It returns a *DivergedError if a loss or a
// parameter becomes NaN or infinite, an error that wraps ctx's if it is
// cancelled, and *HookErrors for hooks that fail.
//
// A hook that fails at the last step, or after it, such as a recorder on a disk
// that is full, costs its own outcome and not the run's: Train then returns the
// finished run together with the error. With every other error the run is nil.
func Train(ctx context.Context, arch Arch, ds *data.Dataset, cfg Config) (*Run, error) {
	m, err := NewModel(arch, cfg.Engine, cfg.DType)
	if err != nil {
		return nil, err
	}
	return m.Train(ctx, ds, cfg)
}

// Train trains the model on ds; the engine and number type of cfg are m's.
func (m *Model) Train(ctx context.Context, ds *data.Dataset, cfg Config) (*Run, error) {
	cfg = cfg.WithDefaults()
	cfg.Engine, cfg.DType = m.engine, m.dt
	if err := ds.Validate(); err != nil {
		return nil, fmt.Errorf("nets: train: %w", err)
	}
	if err := m.arch.Fits(ds); err != nil {
		return nil, err
	}
	if err := cfg.validate(ds); err != nil {
		return nil, err
	}
	r := &Run{Model: m, Data: ds, Config: cfg, Order: cfg.order(ds)}
	if err := r.Order.Validate(); err != nil {
		return nil, fmt.Errorf("nets: train: %w", err)
	}
	r.Steps = cfg.steps(r.Order)
	if err := CheckRates(cfg.LR, r.Steps); err != nil {
		return nil, err
	}
	if r.Initial = cfg.From; r.Initial == nil {
		r.Initial = m.Init(cfg.Seed)
	} else if r.Initial.Len() != m.size || r.Initial.DType() != m.dt {
		return nil, fmt.Errorf("nets: train: From has %d %s parameters, %s has %d %s", r.Initial.Len(), r.Initial.DType(), m.arch.Name, m.size, m.dt)
	}
	from := State{}
	if cfg.Resume != nil {
		from = *cfg.Resume
		if err := from.validate(r); err != nil {
			return nil, fmt.Errorf("nets: train: Resume: %w", err)
		}
		r.Config.Resume = nil // what is done with the run starts at its beginning
	}
	watch := newWatch(cfg.Hooks)
	defer watch.stop()
	if err := watch.start(Start{Model: m, Data: ds, Order: r.Order, Steps: r.Steps, From: from.Step, Config: r.Config, Initial: r.Initial}); err != nil {
		return nil, err
	}
	if err := r.steps(ctx, from, watch); err != nil {
		return nil, err
	}
	return r, watch.end(r)
}

// steps runs the training loop from a state on; the zero State is the beginning.
func (r *Run) steps(ctx context.Context, from State, watch *watch) error {
	m, cfg := r.Model, r.Config
	if from.Step == 0 {
		from.Params, from.Momentum = r.Initial, nil
	}
	s, err := m.NewStepper(cfg.Momentum, cfg.WeightDecay, from.Params, from.Momentum)
	if err != nil {
		return err
	}
	g := m.NewVector()
	var retained, dropped []int
	done := from.Tally.clone()
	perEpoch := r.Order.StepsPerEpoch()
	if cfg.Logger != nil && r.Order.Batch > r.Order.N {
		cfg.Logger.WarnContext(ctx, "the batch is larger than the data: each step takes all examples", "batch", r.Order.Batch, "examples", r.Order.N)
	}
	for t, batch := range r.Order.Steps(from.Step, r.Steps) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("nets: training interrupted at step %d of %d: %w", t, r.Steps, err)
		}
		switch {
		case cfg.Only != nil:
			retained = retained[:0]
			for _, i := range batch {
				retained = append(retained, cfg.Only[i])
			}
		case cfg.Drop.Len() > 0:
			retained, dropped = cfg.Drop.Split(batch, retained[:0], dropped[:0])
		default:
			retained = batch
		}
		if len(retained) > 0 {
			loss, err := r.step(t, retained, s, g, done, watch)
			if err != nil {
				return err
			}
			done.LossSum += loss * float64(len(retained))
			done.Seen += len(retained)
			done.GradEvals += float64(len(retained)) // not m's, which others may use: hooks, clones
		}
		if (t+1)%perEpoch == 0 || t+1 == r.Steps {
			mean := done.LossSum / float64(max(done.Seen, 1))
			done.Losses = append(done.Losses, mean)
			if cfg.Logger != nil {
				cfg.Logger.InfoContext(ctx, "epoch", "epoch", t/perEpoch, "loss", mean, "lr", cfg.LR.Rate(t, r.Steps))
			}
			done.LossSum, done.Seen = 0, 0
		}
	}
	if !s.W.Finite() {
		return &DivergedError{r.Steps - 1, "the parameters"}
	}
	r.Params, r.Momentum = s.W, s.P
	r.Losses, r.GradEvals = done.Losses, done.GradEvals
	return nil
}

// step takes one step on the examples ids.
func (r *Run) step(t int, ids []int, s *Stepper, g *graph.Tensor, done Tally, watch *watch) (loss float64, err error) {
	eta := r.Config.LR.Rate(t, r.Steps)
	view := r.View(t)
	dz := graph.NewTensor(r.Model.dt, len(ids), r.Model.arch.Classes)
	if loss, err = r.Model.gradient(view, s.W, r.Data, ids, g, dz); err != nil {
		return 0, err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, &DivergedError{t, r.Model.nonFinite(view, s.W, r.Data, ids)}
	}
	err = watch.step(Step{
		T: t, Epoch: t / r.Order.StepsPerEpoch(), LR: eta, Batch: ids, View: view, Loss: loss, Tally: done,
		Params: s.W, Momentum: s.P, Grad: g, LogitGrad: dz,
	}, t == r.Steps-1)
	if err != nil {
		return 0, err
	}
	return loss, s.Step(g, eta)
}
