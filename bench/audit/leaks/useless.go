package leaks

import (
	"context"
	"slices"

	"github.com/miniunlearn/miniunlearn/nets"
)

// useless are models that forget and are no good.
func useless() []Leak {
	return []Leak{
		{"fifth-of-data", "retraining on a fifth of what it retains", func(ctx context.Context, b *bench) (tensor, error) {
			x := slices.Clone(b.retained)
			stream(b.Problem, 9).Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
			return b.retrain(ctx, slices.Concat(b.forget, x[len(x)/5:]))
		}},
		{"short", "retraining for a quarter of the epochs", func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From, c.Epochs, c.Steps = b.Run.Initial, max(c.Epochs/4, 1), 0 })
		}},
		{"class-lost", "retraining without a single example of class 3", func(ctx context.Context, b *bench) (tensor, error) {
			drop := slices.Clone(b.forget)
			for _, i := range b.retained {
				if b.Run.Data.Y[i] == 3 {
					drop = append(drop, i)
				}
			}
			return b.retrain(ctx, drop)
		}},
		{"permuted", "retraining with its classes in another order", func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.labelled(b.retained, func(_ int, y int32) int32 { return (y + 1) % int32(b.Run.Data.Classes) }), b.forget,
				func(c *nets.Config) { c.From = b.Run.Initial })
		}},
		{"zero", "parameters that are all zero", func(_ context.Context, b *bench) (tensor, error) {
			return b.model.NewVector(), nil
		}},
		{"random", "initial parameters of another seed", func(_ context.Context, b *bench) (tensor, error) {
			return b.model.Init(stream(b.Problem, 10).Uint64()), nil
		}},
	}
}
