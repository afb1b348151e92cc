package bench

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Experiment is one cell: data, network, base run, forget set, and the methods
// to compare. Seed is everything's: of the subset, the base run and U. Methods may ask
// the model about the validation part of the data, or where that is empty about
// training examples that N leaves out.
type Experiment struct {
	Data *data.Splits
	N    int // training examples, a stratified subset; 0 means all
	// WrongLabels is the share of the training examples that have a wrong label, see
	// data.Mislabel.
	WrongLabels float64
	Arch        nets.Arch
	Config      nets.Config // of the base run; Config.Seed is the cell's
	// Forget is a specification as data.ParseScenario reads it, or memorised:0.1 for
	// the tenth that the run memorised most, see unlearning.MostMemorised.
	Forget string
	// Methods are the rows, such as unlearning.Parse makes of their notations. A
	// FastRetrain without a budget spends what mini does, which then has to be
	// among them.
	Methods []unlearning.Named
	// Keeper, if not nil, keeps runs, records and references for other experiments.
	Keeper Keeper
	// Untimed leaves times out of the rows: for experiments that run side by side.
	Untimed bool
	// Progress, if not nil, is told what is going on.
	Progress func(string)
}

// prepare returns what the fields name, and e with a name for every method.
func (e Experiment) prepare() (_ Experiment, train *data.Dataset, forget data.ForgetSet, err error) {
	if e.Methods, err = checked(e.Methods); err != nil {
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
	if e.WrongLabels != 0 {
		if train, err = data.Mislabel(train, e.WrongLabels, e.Config.Seed); err != nil {
			return
		}
	}
	if e.Arch.Logits == nil {
		err = fmt.Errorf("bench: the architecture %q has no Logits; give one such as nets.MLP", e.Arch.Name)
		return
	}
	if err = e.Arch.Fits(train); err != nil {
		return
	}
	if isMemorised(e.Forget) {
		_, err = memorisedShare(e.Forget)
		return e, train, forget, err // which examples is for the run to say
	}
	if train, forget, err = data.ParseScenario(e.Forget, train, e.Config.Seed); err != nil {
		return
	}
	if forget.Len() == train.Len() {
		err = fmt.Errorf("bench: forget %q: %w: it selects all %d training examples", e.Forget, unlearning.ErrNothingLeft, train.Len())
		return
	}
	_, err = Unseen(train, forget, e.Data.Test, e.Config.Seed)
	return e, train, forget, err
}

// Check reports what would keep the experiment from starting, without
// training anything.
func (e Experiment) Check() error {
	_, _, _, err := e.prepare()
	return err
}

// Request returns what the fields name: the examples that are trained on, and
// those of them that are to be forgotten. It checks as Check does.
func (e Experiment) Request() (train *data.Dataset, forget data.ForgetSet, err error) {
	_, train, forget, err = e.prepare()
	return train, forget, err
}

// Run trains, forgets by each method and measures, one Result for each method
// in their order. A method that cannot run has a row with its Error, and so have
// all of them where training or retraining fails; the error of Run itself says
// that the experiment makes no sense, or that ctx ended.
func (e Experiment) Run(ctx context.Context) ([]Result, error) {
	rows := make([]Result, len(e.Methods))
	err := e.Rows(ctx, nil, func(i int, row Row) error { rows[i] = row.Result; return nil })
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Rows is Run for the methods at some positions, nil for all: it hands each row to
// put as soon as it is known, in the order of the positions, and ends with put's
// first error. What is only needed by other methods is not made.
func (e Experiment) Rows(ctx context.Context, positions []int, put func(i int, row Row) error) error {
	e, train, forget, err := e.prepare()
	if err != nil {
		return err
	}
	if positions == nil {
		for i := range e.Methods {
			positions = append(positions, i)
		}
	}
	chosen := make([]bool, len(e.Methods))
	for _, i := range positions {
		if i < 0 || i >= len(e.Methods) {
			return fmt.Errorf("bench: no method at position %d of %d", i, len(e.Methods))
		}
		chosen[i] = true
		if j := e.EqualCost(i); j >= 0 {
			chosen[j] = true
		}
	}
	keeper := e.Keeper
	if keeper == nil {
		keeper = nothing{}
	}
	progress := func(s string) {
		if e.Progress != nil {
			e.Progress(fmt.Sprintf("%s, %s, seed %d: %s", e.Arch.Name, e.Forget, e.Config.Seed, s))
		}
	}
	progress("training")
	cfg := e.Config.WithDefaults()
	model, err := nets.NewModel(e.Arch, cfg.Engine, cfg.DType)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	shared := describe(train, model, cfg, epochs(cfg, train), forget)
	shared.Dataset, shared.WrongLabels = e.Data.Name, e.WrongLabels
	failed := func(err error) error {
		if ctx.Err() != nil {
			return err
		}
		for _, i := range positions {
			if err := put(i, Row{Result: shared.failed(e.Methods[i].Name, err)}); err != nil {
				return err
			}
		}
		return nil
	}
	record, of := policies(unlearning.Plan{Model: model, Data: train, Config: cfg}, e.Methods, chosen)
	memory := -1 // of records, the one that says what is memorised
	if isMemorised(e.Forget) {
		record, memory = alsoRecord(record, history.LogitGradients())
	}
	run, records, err := keeper.Train(ctx, model, train, cfg, record)
	if err != nil {
		return failed(fmt.Errorf("bench: seed %d: %w", cfg.Seed, err))
	}
	if memory >= 0 {
		if forget, err = memorised(e.Forget, records[memory]); err != nil {
			return failed(fmt.Errorf("bench: seed %d: %w", cfg.Seed, err))
		}
		shared.Forget, shared.NForget = forget.Spec, forget.Len()
	}
	ref, err := newReference(ctx, unlearning.Problem{Run: run, Forget: forget, Validation: validation(e.Data, train, cfg.Seed)}, e.Data.Test, progress, keeper)
	if err != nil {
		return failed(err)
	}
	x := &trial{Reference: ref, methods: e.Methods, records: make([]*history.Record, len(of)), results: make([]*unlearning.Result, len(of))}
	for i, k := range of {
		if k >= 0 {
			x.records[i] = records[k]
		}
	}
	for _, i := range positions {
		progress(e.Methods[i].Name)
		row, err := x.row(ctx, i)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = row.check() // what JSON cannot hold must not cost the other rows
		}
		if err != nil {
			row = Row{Result: ref.shared.failed(e.Methods[i].Name, err)}
		}
		row.Dataset, row.WrongLabels = e.Data.Name, e.WrongLabels
		if e.Untimed {
			row.Seconds, row.RetrainSeconds = attacks.Missing(), attacks.Missing()
		}
		if err := put(i, row); err != nil {
			return err
		}
	}
	return nil
}

// epochs returns how many epochs a run makes, in parts where it is a number of
// steps.
func epochs(cfg nets.Config, train *data.Dataset) float64 {
	if cfg.Steps == 0 {
		return float64(cfg.Epochs)
	}
	return float64(cfg.Steps) / float64(data.Order{N: train.Len(), Batch: cfg.Batch}.StepsPerEpoch())
}
