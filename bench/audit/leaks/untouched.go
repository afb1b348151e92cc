package leaks

import (
	"context"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/nets"
)

// untouched are trained models that were changed without forgetting.
func untouched() []Leak {
	edit := func(flaw, does string, f func(b *bench, w tensor)) Leak {
		return Leak{flaw, does, func(_ context.Context, b *bench) (tensor, error) {
			w := b.Run.Params.Clone()
			f(b, w)
			return w, nil
		}}
	}
	return []Leak{
		edit("trained", "the trained model", func(*bench, tensor) {}),
		edit("bias-negated", "the trained model with its last bias negated", func(b *bench, w tensor) {
			params := b.model.Params()
			last := params[len(params)-1]
			for i := range last.Len() {
				w.Set(last.Off+i, -w.At(last.Off+i))
			}
		}),
		edit("noise", "the trained model with N(0, 0.1²) on every parameter", func(b *bench, w tensor) {
			rng := stream(b.Problem, 1)
			for i := range w.Len() {
				w.Set(i, w.At(i)+0.1*rng.NormFloat64())
			}
		}),
		edit("pruned", "the trained model without the half of its parameters that are smallest", func(_ *bench, w tensor) {
			size := make([]float64, w.Len())
			for i := range size {
				size[i] = math.Abs(w.At(i))
			}
			slices.Sort(size)
			for i := range w.Len() {
				if math.Abs(w.At(i)) < size[len(size)/2] {
					w.Set(i, 0)
				}
			}
		}),
		edit("quantised", "the trained model in 16 values for each parameter tensor", func(b *bench, w tensor) {
			for _, p := range b.model.Params() {
				most := 0.0
				for i := range p.Len() {
					most = max(most, math.Abs(w.At(p.Off+i)))
				}
				for i := range p.Len() {
					w.Set(p.Off+i, math.Round(w.At(p.Off+i)/most*7.5)/7.5*most)
				}
			}
		}),
		{"cooled", "the trained model at half its temperature's confidence", func(_ context.Context, b *bench) (tensor, error) {
			return b.scaled(b.Run.Params, 0.5), nil
		}},
		{"finetuned", "the trained model, trained on for a tenth of its epochs without what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From, c.Epochs, c.Steps = b.Run.Params, max(c.Epochs/10, 1), 0 })
		}},
		{"other-seed", "a model of another seed trained on everything", func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.Run.Data, nil, func(c *nets.Config) { c.Seed = stream(b.Problem, 2).Uint64() })
		}},
	}
}
