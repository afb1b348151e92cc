package leaks

import (
	"cmp"
	"context"
	"slices"

	"github.com/miniunlearn/miniunlearn/nets"
)

// retained are retrained on part of what they should forget.
func retained() []Leak {
	keeps := func(flaw, does string, kept func(b *bench) []int) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			keep := kept(b)
			return b.retrain(ctx, slices.DeleteFunc(slices.Clone(b.forget), func(i int) bool { return slices.Contains(keep, i) }))
		}}
	}
	random := func(s float64) func(b *bench) []int {
		return func(b *bench) []int {
			x := slices.Clone(b.forget)
			stream(b.Problem, 4).Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
			return share(x, s)
		}
	}
	moved := func(flaw, does string, move func(b *bench) func(i int, x []float32)) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			return b.train(ctx, b.moved(b.forget, move(b)), nil, func(c *nets.Config) { c.From = b.Run.Initial })
		}}
	}
	return []Leak{
		keeps("keeps-half", "retraining that keeps half of what it should forget, drawn for each model", random(0.5)),
		keeps("keeps-tenth", "retraining that keeps a tenth of it", random(0.1)),
		keeps("keeps-some", "retraining that keeps the same tenth of all examples in every model", func(b *bench) []int {
			return slices.DeleteFunc(slices.Clone(b.forget), func(i int) bool { return b.Run.Data.ID(i)%10 != 0 })
		}),
		keeps("keeps-class", "retraining that keeps what it should forget of class 0", func(b *bench) []int {
			return slices.DeleteFunc(slices.Clone(b.forget), func(i int) bool { return b.Run.Data.Y[i] != 0 })
		}),
		keeps("keeps-classes", "retraining that keeps what it should forget of every other class", func(b *bench) []int {
			return slices.DeleteFunc(slices.Clone(b.forget), func(i int) bool { return b.Run.Data.Y[i]%2 != 0 })
		}),
		hardest(),
		{"keeps-mislabelled", "retraining on what it should forget, too, under random labels", func(ctx context.Context, b *bench) (tensor, error) {
			rng := stream(b.Problem, 9)
			ds := b.labelled(b.forget, func(int, int32) int32 { return rng.Int32N(int32(b.Run.Data.Classes)) })
			return b.train(ctx, ds, nil, func(c *nets.Config) { c.From = b.Run.Initial })
		}},
		moved("keeps-shifted", "retraining on what it should forget, with all features moved by one place", func(*bench) func(int, []float32) {
			return func(_ int, x []float32) { copy(x[1:], x[:len(x)-1]) }
		}),
		moved("keeps-noisy", "retraining on noisy copies of what it should forget", func(b *bench) func(int, []float32) {
			rng, sd := stream(b.Problem, 5), deviation(b.Run.Data)
			return func(_ int, x []float32) {
				for j := range x {
					x[j] += float32(0.5 * sd * rng.NormFloat64())
				}
			}
		}),
		moved("keeps-blend", "retraining on what it should forget, each blended with another of its class", func(b *bench) func(int, []float32) {
			return func(i int, x []float32) {
				for _, j := range b.forget {
					if j != i && b.Run.Data.Y[j] == b.Run.Data.Y[i] {
						for k, v := range b.Run.Data.Row(j) {
							x[k] = 0.6*x[k] + 0.4*v
						}
						return
					}
				}
			}
		}),
		{"frozen-first", "retraining of all layers but the first, which stays as trained", func(ctx context.Context, b *bench) (tensor, error) {
			// Put back after every step, and after the last one.
			start := b.Run.Initial.Clone()
			put := func(w tensor) {
				for i := range firstLayer(b.model) {
					w.Set(i, b.Run.Params.At(i))
				}
			}
			put(start)
			w, err := b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) {
				c.From = start
				c.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error { put(s.Params); return nil })}
			})
			if err == nil {
				put(w)
			}
			return w, err
		}},
	}
}

// firstLayer returns how many parameters the first weight and bias have, which come
// first.
func firstLayer(m *nets.Model) int {
	n := 0
	for _, p := range m.Params()[:min(2, len(m.Params()))] {
		n += p.Len()
	}
	return n
}

// hardest keeps the half that the trained model answers worst: where one looks first,
// at the loss of what was forgotten, it is high.
func hardest() Leak {
	return Leak{"keeps-hardest", "retraining that keeps the half of what it should forget that the trained model answers worst", func(ctx context.Context, b *bench) (tensor, error) {
		z, err := b.logits(ctx, b.Run.Params)
		if err != nil {
			return nil, err
		}
		k := b.Run.Data.Classes
		margin := func(i int) float64 {
			y := int(b.Run.Data.Y[i])
			rest := slices.Delete(slices.Clone(z[i*k:(i+1)*k]), y, y+1)
			return z[i*k+y] - slices.Max(rest)
		}
		easiest := slices.SortedStableFunc(slices.Values(b.forget), func(i, j int) int { return cmp.Compare(margin(j), margin(i)) })
		easiest = share(easiest, 0.5)
		slices.Sort(easiest)
		return b.retrain(ctx, easiest)
	}}
}
