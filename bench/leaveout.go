package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
)

// LeaveOut estimates how much a training memorises each of its examples, by leaving
// examples out (Feldman and Zhang, What Neural Networks Memorize and Why, NeurIPS 2020,
// equation 1 and algorithm 1): with models that are trained on random parts of the data,
//
//	memorisation of i = P(i is classified right | i was in the part) − P(… | it was not).
//
// It is 1 for what can only be learned by heart, and 0 for what others teach as well.
// unlearning.Memorisation is a proxy that costs no training.
//
// The parts are random and balanced: each leaves out the examples that the parts before
// have left out the fewest times, drawn among equal ones, so that every example is out of
// the same number of parts, or of one more. Drawn independently, as published, some of
// many examples would be in all of the parts and have no estimate.
type LeaveOut struct {
	// Models is the number of trainings; 0 means 40. The standard deviation of an estimate
	// is at most ½ √(1/in + 1/out), with the models that had the example and those that had
	// not: 0.17 for 40. The authors have 2000 for MNIST.
	Models int
	Share  float64 // of the examples that are in a part, in (0, 1); 0 means 0.7, as published
	// Progress, if not nil, is told of every model.
	Progress func(string)
}

// Hyperparameters: the share is that of the paper.
const (
	leaveOutModels = 40
	leaveOutShare  = 0.7
)

// LeftOut is what LeaveOut found, by example.
type LeftOut struct {
	In, Out           []int // models that were trained with the example, and without
	RightIn, RightOut []int // and those of them that classify it right
	Trainings         int
}

// sizes fills defaults in, and returns how many of n examples are in a part.
func (l LeaveOut) sizes(n int) (LeaveOut, int) {
	l.Models, l.Share = cmp.Or(l.Models, leaveOutModels), cmp.Or(l.Share, leaveOutShare)
	return l, int(math.Round(l.Share * float64(n)))
}

// Check returns what Estimate has against a data set of n examples, before any training:
// parts without any example, or too few models for an estimate of every example.
func (l LeaveOut) Check(n int) error {
	l, in := l.sizes(n)
	switch {
	case l.Models < 2:
		return fmt.Errorf("bench: leave-out: %d models, where two are the least", l.Models)
	case !(l.Share > 0 && l.Share < 1) || in < 1 || in >= n:
		return fmt.Errorf("bench: leave-out: a share of %g of %d examples: some must be in, and some out", l.Share, n)
	}
	few := min(in, n-in)
	if enough := (n + few - 1) / few; l.Models < enough {
		return fmt.Errorf("bench: leave-out: some of %d examples would be in all of %d parts of %d, or in none; %d models would do", n, l.Models, in, enough)
	}
	return nil
}

// Estimate trains models of an architecture on parts of a data set by a configuration,
// whose seed they all come from.
func (l LeaveOut) Estimate(ctx context.Context, arch nets.Arch, ds *data.Dataset, cfg nets.Config) (*LeftOut, error) {
	fail := func(err error) (*LeftOut, error) { return nil, fmt.Errorf("bench: leave-out: %w", err) }
	n := ds.Len()
	if err := l.Check(n); err != nil {
		return nil, err
	}
	if cfg.Only != nil || cfg.Drop.Len() > 0 || cfg.From != nil || cfg.Resume != nil {
		return fail(errors.New("the fields Only, Drop, From and Resume are its own to set; leave them out"))
	}
	l, in := l.sizes(n)
	model, err := nets.NewModel(arch, cfg.Engine, cfg.DType)
	if err != nil {
		return fail(err)
	}
	e := &LeftOut{In: make([]int, n), Out: make([]int, n), RightIn: make([]int, n), RightOut: make([]int, n), Trainings: l.Models}
	had := make([]bool, n)
	for k := range l.Models {
		part := purpose.Rand(cfg.Seed, purpose.LeaveOut, uint64(k)).Perm(n)
		slices.SortStableFunc(part, func(a, b int) int { return cmp.Compare(e.Out[b], e.Out[a]) })
		part = part[:in] // without those that were out the fewest times
		slices.Sort(part)
		own := cfg
		own.Only, own.Seed = part, purpose.Seed(cfg.Seed, purpose.LeaveOut, uint64(l.Models)+uint64(k))
		run, err := model.Train(ctx, ds, own)
		if err != nil {
			return fail(fmt.Errorf("model %d: %w", k+1, err))
		}
		a, err := ask(ctx, run.Classifier(), ds, arch.Classes)
		if err != nil {
			return fail(err)
		}
		clear(had)
		for _, i := range part {
			had[i] = true
		}
		for i, y := range ds.Y {
			row := a.row(i)
			right := slices.Index(row, slices.Max(row)) == int(y)
			models, rights := e.Out, e.RightOut
			if had[i] {
				models, rights = e.In, e.RightIn
			}
			if models[i]++; right {
				rights[i]++
			}
		}
		if l.Progress != nil {
			l.Progress(fmt.Sprintf("model %d of %d", k+1, l.Models))
		}
	}
	return e, nil
}

// Memorisation returns the estimate of every example; NaN where all models had it, or
// none.
func (e *LeftOut) Memorisation() []float64 {
	values := make([]float64, len(e.In))
	for i := range values {
		values[i] = float64(e.RightIn[i])/float64(e.In[i]) - float64(e.RightOut[i])/float64(e.Out[i])
	}
	return values
}

// Most returns a share of the examples of ds, those that are memorised most; of equal
// ones those that fewer models classify right, and then the first.
func (e *LeftOut) Most(ds *data.Dataset, share float64) (data.ForgetSet, error) {
	if !(share > 0 && share < 1) || len(e.In) != ds.Len() {
		return data.ForgetSet{}, fmt.Errorf("bench: leave-out: a share of %g of %d examples, of which %d have estimates", share, ds.Len(), len(e.In))
	}
	values, at := e.Memorisation(), make([]int, ds.Len())
	for i, v := range values {
		if at[i] = i; math.IsNaN(v) {
			return data.ForgetSet{}, fmt.Errorf("bench: leave-out: example %s was in all of the %d parts, or in none; train more models", ds.Key(i), e.Trainings)
		}
	}
	slices.SortStableFunc(at, func(a, b int) int {
		return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(e.RightIn[a]+e.RightOut[a], e.RightIn[b]+e.RightOut[b]))
	})
	f, err := data.ForgetPositions(ds.Len(), at[:int(math.Round(share*float64(ds.Len())))])
	if err != nil {
		return f, err
	}
	if f.Spec = fmt.Sprintf("leave-out:%g:models=%d", share, e.Trainings); f.Len() == 0 {
		return f, fmt.Errorf("bench: leave-out: %w", data.ErrEmptyForget)
	}
	return f, nil
}
