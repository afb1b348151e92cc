package leaks

import (
	"context"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/nets"
)

// reused are retrained honestly, but for something that they take from the trained
// model or from what it should forget.
func reused() []Leak {
	// then trains on, for some epochs at the run's first rate, on what is not dropped.
	then := func(ctx context.Context, b *bench, from tensor, drop []int, epochs int) (tensor, error) {
		return b.train(ctx, b.Run.Data, drop, func(c *nets.Config) {
			c.From, c.Epochs, c.Steps, c.LR = from, epochs, 0, nets.ConstantRate(b.Run.Config.WithDefaults().LR.Rate(0, 100))
		})
	}
	return []Leak{
		{"begun", "retraining that begins where one epoch on everything ends", func(ctx context.Context, b *bench) (tensor, error) {
			w, err := then(ctx, b, b.Run.Initial, nil, 1)
			if err != nil {
				return nil, err
			}
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From = w })
		}},
		{"ended", "retraining, and one epoch more on everything", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			return then(ctx, b, v, nil, 1)
		}},
		{"one-step", "retraining, and one step down the loss of what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			g := b.model.NewVector()
			if _, err := b.model.Gradient(v, b.Run.Data, b.forget, g); err != nil {
				return nil, err
			}
			rate := b.Run.Config.WithDefaults().LR.Rate(0, 100)
			for i := range v.Len() {
				v.Set(i, v.At(i)-rate*g.At(i))
			}
			return v, nil
		}},
		{"warm", "retraining that begins at the trained model", func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From = b.Run.Params })
		}},
		{"warm-features", "retraining that begins at the trained model in all layers but the last", func(ctx context.Context, b *bench) (tensor, error) {
			w := b.Run.Params.Clone()
			params := b.model.Params()
			for i := params[max(len(params)-2, 0)].Off; i < w.Len(); i++ {
				w.Set(i, b.Run.Initial.At(i))
			}
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From = w })
		}},
		{"trained-mask", "retraining of the half of the parameters that are largest in the trained model, the others being zero", func(ctx context.Context, b *bench) (tensor, error) {
			size := make([]float64, b.Run.Params.Len())
			for i := range size {
				size[i] = math.Abs(b.Run.Params.At(i))
			}
			sorted := slices.Sorted(slices.Values(size))
			prune := func(w tensor) {
				for i, s := range size {
					if s < sorted[len(sorted)/2] {
						w.Set(i, 0)
					}
				}
			}
			start := b.Run.Initial.Clone()
			prune(start)
			w, err := b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) {
				c.From = start
				c.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error { prune(s.Params); return nil })}
			})
			if err == nil {
				prune(w)
			}
			return w, err
		}},
		{"distilled-retained", "initial parameters taught the trained model's answers to what it retains", func(ctx context.Context, b *bench) (tensor, error) {
			z, err := b.logits(ctx, b.Run.Params)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			var kept []float64
			for _, i := range b.retained {
				kept = append(kept, z[i*k:(i+1)*k]...)
			}
			return b.distil(ctx, b.Run.Initial, b.Run.Data.Subset(b.retained), kept, 2*max(b.Run.Config.Epochs, 1))
		}},
		{"pseudo-labelled", "retraining on what it should forget, too, as retraining labels it", func(ctx context.Context, b *bench) (tensor, error) {
			_, z, _, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			ds := b.labelled(b.forget, func(i int, _ int32) int32 {
				row := z[i*k : (i+1)*k]
				return int32(slices.Index(row, slices.Max(row)))
			})
			return b.train(ctx, ds, nil, func(c *nets.Config) { c.From = b.Run.Initial })
		}},
		{"picked-seed", "of retraining with five seeds the one that answers best what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			var best tensor
			least := math.Inf(1)
			g := b.model.NewVector()
			for s := range uint64(5) {
				v, err := b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.Seed = stream(b.Problem, 20+s).Uint64() })
				if err != nil {
					return nil, err
				}
				loss, err := b.model.Gradient(v, b.Run.Data, b.forget, g)
				if err != nil {
					return nil, err
				}
				if loss < least {
					least, best = loss, v
				}
			}
			return best, nil
		}},
	}
}
