package leaks

import (
	"context"

	"github.com/miniunlearn/miniunlearn/nets"
)

// pushed answer what they should forget worse than if they had never seen it.
func pushed() []Leak {
	relabel := func(flaw, does string, of func(b *bench) []int, label func(b *bench) func(int, int32) int32) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.labelled(of(b), label(b)), nil, func(c *nets.Config) { c.From, c.Epochs, c.Steps = b.Run.Params, 10, 0 })
		}}
	}
	all := func(b *bench) []int { return b.forget }
	next := func(b *bench) func(int, int32) int32 {
		return func(_ int, y int32) int32 { return (y + 1) % int32(b.Run.Data.Classes) }
	}
	return []Leak{
		relabel("relabelled", "the trained model, trained on with the next class for what it should forget", all, next),
		relabel("relabelled-random", "the same with random classes", all, func(b *bench) func(int, int32) int32 {
			rng := stream(b.Problem, 6)
			return func(int, int32) int32 { return rng.Int32N(int32(b.Run.Data.Classes)) }
		}),
		relabel("half-relabelled", "half of what it should forget kept, the other half relabelled", func(b *bench) []int { return share(b.forget, 0.5) }, next),
		{"smoothed", "retraining taught equal probabilities for what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, _, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget { // half way to equal logits
				for c := range k {
					z[i*k+c] *= 0.5
				}
			}
			return b.distil(ctx, v, b.Run.Data, z, 20)
		}},
		{"ascent", "the trained model after steps up the loss of what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			w, g := b.Run.Params.Clone(), b.model.NewVector()
			for range 5 {
				if _, err := b.model.Gradient(w, b.Run.Data, b.forget, g); err != nil {
					return nil, err
				}
				for i := range w.Len() {
					w.Set(i, w.At(i)+0.2*g.At(i))
				}
			}
			return w, nil
		}},
	}
}
