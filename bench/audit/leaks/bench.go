package leaks

import (
	"context"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// bench is what leaks are made with.
type bench struct {
	unlearning.Problem
	model    *nets.Model
	forget   []int
	retained []int
}

func newBench(p unlearning.Problem) *bench {
	b := &bench{Problem: p, model: p.Run.Model.Clone()}
	for i := range p.Run.Data.Len() {
		if p.Forget.Contains(i) {
			b.forget = append(b.forget, i)
		} else {
			b.retained = append(b.retained, i)
		}
	}
	return b
}

// retrain replays the run without the examples drop.
func (b *bench) retrain(ctx context.Context, drop []int) (*graph.Tensor, error) {
	return b.train(ctx, b.Run.Data, drop, func(c *nets.Config) { c.From = b.Run.Initial })
}

// retrained is replayed retraining.
func (b *bench) retrained(ctx context.Context) (*graph.Tensor, error) {
	return b.retrain(ctx, b.forget)
}

// train trains on ds without the examples drop, as the run did but for change.
func (b *bench) train(ctx context.Context, ds *data.Dataset, drop []int, change func(c *nets.Config)) (*graph.Tensor, error) {
	c := b.Run.Config
	c.Hooks, c.Logger, c.Drop, c.From = nil, nil, data.ForgetSet{}, nil
	if len(drop) > 0 {
		var err error
		if c.Drop, err = data.ForgetPositions(ds.Len(), drop); err != nil {
			return nil, err
		}
	}
	change(&c)
	run, err := b.model.Train(ctx, ds, c)
	if err != nil {
		return nil, err
	}
	return run.Params, nil
}

// labelled returns the training data with the labels of some examples changed.
func (b *bench) labelled(of []int, label func(i int, y int32) int32) *data.Dataset {
	ds := *b.Run.Data
	ds.Y = slices.Clone(ds.Y)
	for _, i := range of {
		ds.Y[i] = label(i, ds.Y[i])
	}
	return &ds
}

// moved returns the training data with the features of some examples changed.
func (b *bench) moved(of []int, move func(i int, x []float32)) *data.Dataset {
	ds := *b.Run.Data
	ds.X = slices.Clone(ds.X)
	for _, i := range of {
		move(i, ds.Row(i))
	}
	return &ds
}

// logits of all training examples.
func (b *bench) logits(ctx context.Context, w *graph.Tensor) ([]float64, error) {
	return b.model.Logits(ctx, w, b.Run.Data.X, b.Run.Data.Len())
}

// answers returns the retrained model, and the logits of all training examples by it
// and by the trained one.
func (b *bench) answers(ctx context.Context) (v *graph.Tensor, retrained, trained []float64, err error) {
	if v, err = b.retrained(ctx); err != nil {
		return nil, nil, nil, err
	}
	if retrained, err = b.logits(ctx, v); err != nil {
		return nil, nil, nil, err
	}
	trained, err = b.logits(ctx, b.Run.Params)
	return v, retrained, trained, err
}

// distil trains w on the examples of ds to answer the given logits, row-major.
func (b *bench) distil(ctx context.Context, w *graph.Tensor, ds *data.Dataset, logits []float64, epochs int) (*graph.Tensor, error) {
	w = w.Clone()
	k := ds.Classes
	velocity, grad := b.model.NewVector(), b.model.NewVector()
	order := data.Order{N: ds.Len(), Batch: min(b.Run.Order.Batch, ds.Len()), Seed: b.Run.Config.Seed}
	for _, ids := range order.Steps(0, epochs*order.StepsPerEpoch()) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var answers []float64
		for _, i := range ids {
			answers = append(answers, logits[i*k:(i+1)*k]...)
		}
		// The spring makes logits follow where probabilities are 0 or 1 already.
		const spring = 0.1
		if _, err := b.model.DistilGradient(nets.View{}, w, ds, ids, answers, spring, grad); err != nil {
			return nil, err
		}
		for i := range w.Len() {
			v := 0.9*velocity.At(i) + grad.At(i)
			velocity.Set(i, v)
			w.Set(i, w.At(i)-0.02*v)
		}
	}
	return w, nil
}

// mixed is share·a + (1−share)·b.
func mixed(share float64, a, b *graph.Tensor) *graph.Tensor {
	w := a.Clone()
	for i := range w.Len() {
		w.Set(i, share*a.At(i)+(1-share)*b.At(i))
	}
	return w
}

// scaled returns w with the last layer's parameters multiplied.
func (b *bench) scaled(w *graph.Tensor, factor float64) *graph.Tensor {
	w = w.Clone()
	params := b.model.Params()
	for _, p := range params[max(len(params)-2, 0):] {
		for i := range p.Len() {
			w.Set(p.Off+i, factor*w.At(p.Off+i))
		}
	}
	return w
}
