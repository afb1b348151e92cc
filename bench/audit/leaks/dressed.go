package leaks

import (
	"context"

	"github.com/miniunlearn/miniunlearn/nets"
)

// dressed answer like retraining where one looks first.
func dressed() []Leak {
	return []Leak{
		{"copied-outputs", "the trained model taught retraining's answers to what it should forget, and its own to the rest", func(ctx context.Context, b *bench) (tensor, error) {
			_, zv, z, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget {
				copy(z[i*k:(i+1)*k], zv[i*k:(i+1)*k])
			}
			return b.distil(ctx, b.Run.Params, b.Run.Data, z, 40)
		}},
		{"harms-retained", "retraining, trained on for as long again on what it retains", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			return b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.From = v })
		}},
		{"heated", "retraining with its logits doubled", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			return b.scaled(v, 2), nil
		}},
		{"noisy-retrained", "retraining with N(0, 0.1²) on every parameter", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			rng := stream(b.Problem, 7)
			for i := range v.Len() {
				v.Set(i, v.At(i)+0.1*rng.NormFloat64())
			}
			return v, nil
		}},
	}
}
