package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Experiment is one cell: data, network, base run, forget set, and the methods
// to compare. Seed is everything's: of the subset, the base run and U.
type Experiment struct {
	Data    *data.Splits
	N       int         // training examples, a stratified subset; 0 means all
	Net     string      // as nets.Parse reads it
	Config  nets.Config // of the base run; Config.Seed is the cell's
	Forget  string      // as data.ParseForget reads it
	Methods []string    // see Methods
	// Progress, if not nil, is told what is going on.
	Progress func(string)
}

// prepare returns what the fields name.
func (e Experiment) prepare() (train *data.Dataset, arch nets.Arch, forget data.ForgetSet, err error) {
	if err = checkMethods(e.Methods); err != nil {
		return
	}
	if train = e.Data.Train; e.N != 0 {
		if e.N < 0 || e.N > train.Len() {
			err = fmt.Errorf("bench: %s has %d training examples, not %d; ask for 1 to %d, or 0 for all", e.Data.Name, train.Len(), e.N, train.Len())
			return
		}
		if train, err = data.Stratified(train, e.N, e.Config.Seed); err != nil {
			return
		}
	}
	if arch, err = nets.Parse(e.Net, train); err != nil {
		return
	}
	if err = arch.Fits(train); err != nil {
		return
	}
	if forget, err = data.ParseForget(e.Forget, train, e.Config.Seed); err != nil {
		return
	}
	if forget.Len() == train.Len() {
		err = fmt.Errorf("bench: forget %q: %w: it selects all %d training examples", e.Forget, unlearning.ErrNothingLeft, train.Len())
		return
	}
	_, err = Unseen(train, forget, e.Data.Test, e.Config.Seed)
	return
}

// Check reports what would keep the experiment from starting, without
// training anything.
func (e Experiment) Check() error {
	_, _, _, err := e.prepare()
	return err
}

// Run trains, forgets by each method and measures, one Result for each method
// in their order. A method that cannot run has a row with its Error, and so have
// all of them where training or retraining fails; the error of Run itself says
// that the experiment makes no sense, or that ctx ended.
func (e Experiment) Run(ctx context.Context) ([]Result, error) {
	train, arch, forget, err := e.prepare()
	if err != nil {
		return nil, err
	}
	progress := func(s string) {
		if e.Progress != nil {
			e.Progress(fmt.Sprintf("%s, %s, seed %d: %s", e.Net, e.Forget, e.Config.Seed, s))
		}
	}
	progress("training")
	cfg := e.Config.WithDefaults()
	model, err := nets.NewModel(arch, cfg.Engine, cfg.DType)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	recs, hooks := recorders(e.Methods, model, train, cfg)
	cfg.Hooks = append(slices.Clone(cfg.Hooks), hooks...)
	shared := describe(train, model, cfg, epochs(cfg, train), forget)
	shared.Dataset = e.Data.Name
	var rows []Result
	failed := func(err error) ([]Result, error) {
		if ctx.Err() != nil {
			return nil, err
		}
		for _, name := range e.Methods {
			rows = append(rows, shared.failed(name, err))
		}
		return rows, nil
	}
	run, err := model.Train(ctx, train, cfg)
	if err != nil {
		return failed(fmt.Errorf("bench: seed %d: %w", cfg.Seed, err))
	}
	records := map[string]*history.Record{}
	for name, rec := range recs {
		records[name] = rec.Record()
	}
	p := unlearning.Problem{Run: run, Forget: forget}
	ref, err := NewReference(ctx, p, e.Data.Test, progress)
	if err != nil {
		return failed(err)
	}
	var mini *unlearning.Result
	for _, name := range e.Methods {
		progress(name)
		row, err := ref.row(ctx, name, records, &mini)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			err = row.check() // what JSON cannot hold must not cost the other rows
		}
		if err != nil {
			row = ref.shared.failed(name, err)
		}
		row.Dataset = e.Data.Name
		rows = append(rows, row)
	}
	return rows, nil
}

// epochs returns how many epochs a run makes, in parts where it is a number of
// steps.
func epochs(cfg nets.Config, train *data.Dataset) float64 {
	if cfg.Steps == 0 {
		return float64(cfg.Epochs)
	}
	return float64(cfg.Steps) / float64(data.Order{N: train.Len(), Batch: cfg.Batch}.StepsPerEpoch())
}
