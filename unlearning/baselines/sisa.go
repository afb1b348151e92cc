package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// SISA prepares for exact unlearning (sharded, isolated, sliced, aggregated: Bourtoule
// et al., Machine Unlearning, IEEE S&P 2021). Every shard of the data trains a model of
// its own, first on one slice, then on two, and so on, and keeps the state after each.
// To forget is to go back to the state before the first slice that has an example of U,
// and to train from there without U.
//
// It needs to have trained the models, and what it trains is an ensemble: Prepare does,
// and Sharded forgets. As an unlearning.Method, in sweeps, it prepares by what the run was
// trained by and then forgets, which alone is its cost. Its models were never the run's,
// so that distances from the run's retraining tell how an ensemble differs from one
// model, and not what is left of U, which is nothing.
type SISA struct {
	Shards int // 0 means 5
	Slices int // 0 means 1: none
}

// Name implements unlearning.Method.
func (SISA) Name() string { return "sisa" }

// History implements unlearning.Method: no record is needed.
func (SISA) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method: it says that its answer is an ensemble.
func (s SISA) Unlearn(context.Context, unlearning.Problem) (*unlearning.Result, error) {
	return nil, fmt.Errorf("unlearning: sisa: %w", unlearning.ErrEnsemble)
}

// Ensemble implements unlearning.Ensembler.
func (s SISA) Ensemble(ctx context.Context, p unlearning.Problem) (unlearning.Ensemble, *unlearning.Result, float64, error) {
	fail := func(err error) (unlearning.Ensemble, *unlearning.Result, float64, error) {
		return nil, nil, 0, fmt.Errorf("unlearning: %w", err)
	}
	if err := p.Run.Validate(); err != nil {
		return fail(fmt.Errorf("sisa: %w", err))
	}
	cfg := p.Run.Config
	cfg.Hooks, cfg.From, cfg.Engine = nil, nil, p.Run.Model.Engine()
	if per := p.Run.Order.StepsPerEpoch(); cfg.Steps > 0 { // its stages count in epochs
		cfg.Epochs, cfg.Steps = max(1, (cfg.Steps+per/2)/per), 0
	}
	whole, err := s.Prepare(ctx, p.Run.Model.Arch(), p.Run.Data, cfg)
	if err != nil {
		return fail(err)
	}
	began := time.Now()
	left, err := whole.Forget(ctx, p.Forget)
	if err != nil {
		return fail(err)
	}
	return left, &unlearning.Result{Method: s.Name(), GradEvals: left.GradEvals, Elapsed: time.Since(began)}, whole.GradEvals, nil
}

// sisaShards is what the experiments of the paper begin with.
const sisaShards = 5

// Sharded is an ensemble that SISA has trained. It is immutable: forgetting makes another.
type Sharded struct {
	sisa   SISA
	model  *nets.Model
	ds     *data.Dataset
	config nets.Config
	shards []shard
	// GradEvals is what training, or forgetting, took in gradient evaluations.
	GradEvals float64
	// Retrained counts the slices that were trained for it.
	Retrained int
}

// shard is one model of an ensemble.
type shard struct {
	slices [][]int         // positions of the examples that are left
	states []*graph.Tensor // before slice r; the last is the model's parameters
}

// Prepare trains an ensemble. Shard and slice of an example are a function of its id and
// the seed of cfg, whatever the other examples are. Stage r trains on slices 1 to r for
// 2/(Slices+1) of the epochs, so that all stages take the time of as many epochs of the
// shard, each with the schedule of cfg from its beginning to its end. A slice without
// examples, in a small set, has no stage, and a shard without any no model.
func (s SISA) Prepare(ctx context.Context, arch nets.Arch, ds *data.Dataset, cfg nets.Config) (*Sharded, error) {
	if s.Shards < 0 || s.Slices < 0 {
		return nil, fmt.Errorf("baselines: sisa: shards %d and slices %d must be positive", s.Shards, s.Slices)
	}
	if cfg.Drop.Len() > 0 || cfg.Only != nil || cfg.From != nil || cfg.Resume != nil || cfg.Steps != 0 || cfg.Hooks != nil || cfg.Holes.Len() > 0 {
		return nil, errors.New("baselines: sisa: Drop, Only, From, Resume, Steps, Holes and Hooks are its own to set; leave them out")
	}
	if s.Shards == 0 {
		s.Shards = sisaShards
	}
	if s.Slices == 0 {
		s.Slices = 1
	}
	if err := ds.Validate(); err != nil {
		return nil, fmt.Errorf("baselines: sisa: %w", err)
	}
	model, err := nets.NewModel(arch, cfg.Engine, cfg.DType)
	if err != nil {
		return nil, fmt.Errorf("baselines: sisa: %w", err)
	}
	e := &Sharded{sisa: s, model: model, ds: ds, config: cfg.WithDefaults(), shards: make([]shard, s.Shards)}
	for k := range e.shards {
		e.shards[k] = shard{slices: make([][]int, s.Slices), states: []*graph.Tensor{model.Init(purpose.Seed(cfg.Seed, purpose.Shard, uint64(k)))}}
	}
	for i := range ds.Len() {
		place := purpose.Hash(cfg.Seed, purpose.Shard, uint64(ds.ID(i)))
		at := &e.shards[place%uint64(s.Shards)].slices[place/uint64(s.Shards)%uint64(s.Slices)]
		*at = append(*at, i)
	}
	for k := range e.shards {
		if err := e.train(ctx, k, 0); err != nil {
			return nil, fmt.Errorf("baselines: sisa: %w", err)
		}
	}
	return e, nil
}

// train trains shard k from a slice on.
func (e *Sharded) train(ctx context.Context, k, from int) error {
	s := &e.shards[k]
	s.states = slices.Clone(s.states[:from+1])
	var only []int
	for r, slice := range s.slices {
		only = append(only, slice...)
		w := s.states[len(s.states)-1]
		if r < from {
			continue
		}
		if len(slice) > 0 {
			ids := slices.Sorted(slices.Values(only))
			cfg := e.config
			cfg.Only, cfg.From, cfg.Seed = ids, w, purpose.Seed(e.config.Seed, purpose.Slice, uint64(k)<<32+uint64(r))
			per := (len(ids)-1)/cfg.Batch + 1
			cfg.Steps = max(1, int(math.Round(2*float64(cfg.Epochs*per)/float64(e.sisa.Slices+1))))
			run, err := e.model.Train(ctx, e.ds, cfg)
			if err != nil {
				return fmt.Errorf("shard %d, slice %d: %w", k, r, err)
			}
			w = run.Params
			e.GradEvals += run.GradEvals
			e.Retrained++
		}
		s.states = append(s.states, w)
	}
	return nil
}

// Forget returns the ensemble that Prepare makes of the data without U, bit for bit. U is
// in terms of the data that were prepared, and what was forgotten before stays so.
func (e *Sharded) Forget(ctx context.Context, u data.ForgetSet) (*Sharded, error) {
	if err := u.Validate(e.ds.Len()); err != nil {
		return nil, fmt.Errorf("baselines: sisa: %w", err)
	}
	next := *e
	next.GradEvals, next.Retrained, next.shards = 0, 0, slices.Clone(e.shards)
	left := 0
	for k := range next.shards {
		s := &next.shards[k]
		s.slices = slices.Clone(s.slices)
		first := -1
		for r, slice := range s.slices {
			retain, forgotten := u.Split(slice, nil, nil)
			left += len(retain)
			if s.slices[r] = retain; len(forgotten) > 0 && first < 0 {
				first = r
			}
		}
		if first >= 0 {
			if err := next.train(ctx, k, first); err != nil {
				return nil, fmt.Errorf("baselines: sisa: %w", err)
			}
		}
	}
	if left == 0 {
		return nil, errors.New("baselines: sisa: nothing is left to learn from")
	}
	return &next, nil
}

// Params returns the parameters of every shard's model; nil for one without examples.
func (e *Sharded) Params() []*graph.Tensor {
	all := make([]*graph.Tensor, len(e.shards))
	for k, s := range e.shards {
		if slices.ContainsFunc(s.slices, func(slice []int) bool { return len(slice) > 0 }) {
			all[k] = s.states[len(s.states)-1]
		}
	}
	return all
}

// Logits returns the logarithms of the mean of the models' probabilities for n examples,
// [n, Classes], row-major.
func (e *Sharded) Logits(ctx context.Context, x []float32, n int) ([]float64, error) {
	classes, models := e.model.Arch().Classes, 0
	mean := make([]float64, n*classes)
	for _, w := range e.Params() {
		if w == nil {
			continue
		}
		z, err := e.model.Logits(ctx, w, x, n)
		if err != nil {
			return nil, fmt.Errorf("baselines: sisa: %w", err)
		}
		models++
		for i := 0; i < len(z); i += classes {
			row := z[i : i+classes]
			top, sum := slices.Max(row), 0.0
			for _, v := range row {
				sum += math.Exp(v - top)
			}
			for c, v := range row {
				mean[i+c] += math.Exp(v-top) / sum
			}
		}
	}
	for i := range mean {
		mean[i] = math.Log(max(mean[i]/float64(models), math.SmallestNonzeroFloat64))
	}
	return mean, nil
}
