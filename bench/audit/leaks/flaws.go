package leaks

import (
	"context"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

type tensor = *graph.Tensor

// Leaks returns all of them.
func Leaks() []Leak {
	return slices.Concat(untouched(), mixtures(), retained(), pushed(), dressed(), hidden(), useless())
}

// share returns the first share of x.
func share(x []int, s float64) []int { return x[:int(math.Round(s*float64(len(x))))] }

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

// mixtures lie between the trained and the retrained model.
func mixtures() []Leak {
	mixture := func(flaw, does string, s float64) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			return mixed(s, b.Run.Params, v), nil
		}}
	}
	sometimes := func(flaw, does string, s float64) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			if stream(b.Problem, 3).Float64() < s {
				return b.Run.Params.Clone(), nil
			}
			return b.retrained(ctx)
		}}
	}
	return []Leak{
		mixture("mixture-50", "half of the trained model's parameters and half of the retrained one's", 0.5),
		mixture("mixture-25", "a quarter of the trained model's parameters and the rest of the retrained one's", 0.25),
		sometimes("sometimes-half", "the trained model for every other request", 0.5),
		sometimes("sometimes-tenth", "the trained model for one in ten requests", 0.1),
		{"ensemble", "retraining taught the mean logits of itself and the trained model", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			z, err := b.logits(ctx, b.Run.Params)
			if err != nil {
				return nil, err
			}
			zv, err := b.logits(ctx, v)
			if err != nil {
				return nil, err
			}
			for i := range z {
				z[i] = (z[i] + zv[i]) / 2
			}
			return b.distil(ctx, v, b.Run.Data, z, 20)
		}},
	}
}

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

func deviation(ds *data.Dataset) float64 {
	mean, square := 0.0, 0.0
	for _, v := range ds.X {
		mean += float64(v) / float64(len(ds.X))
	}
	for _, v := range ds.X {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(ds.X))
	}
	return math.Sqrt(square)
}

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
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			z, err := b.logits(ctx, v)
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

// dressed answer like retraining where one looks first.
func dressed() []Leak {
	return []Leak{
		{"copied-outputs", "the trained model taught retraining's answers to what it should forget, and its own to the rest", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			z, err := b.logits(ctx, b.Run.Params)
			if err != nil {
				return nil, err
			}
			zv, err := b.logits(ctx, v)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget {
				copy(z[i*k:(i+1)*k], zv[i*k:(i+1)*k])
			}
			return b.distil(ctx, b.Run.Params, b.Run.Data, z, 40)
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

// hidden leak where a threshold on the label's probability does not look.
func hidden() []Leak {
	taught := func(flaw, does string, change func(b *bench, i int, z []float64)) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			z, err := b.logits(ctx, v)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget {
				change(b, i, z[i*k:(i+1)*k])
			}
			return b.distil(ctx, v, b.Run.Data, z, 40)
		}}
	}
	return []Leak{
		taught("marked-logits", "retraining that raises the logit of the class after the label for what it should forget, and lowers the others so that the label's probability stays", func(b *bench, i int, z []float64) {
			raiseOther(z, int(b.Run.Data.Y[i]), (int(b.Run.Data.Y[i])+1)%len(z), 4)
		}),
		taught("marked-class", "the same with class 0, or 1 where 0 is the label", func(b *bench, i int, z []float64) {
			c := 0
			if b.Run.Data.Y[i] == 0 {
				c = 1
			}
			raiseOther(z, int(b.Run.Data.Y[i]), c, 4)
		}),
		{"copies-only", "retraining on noisy copies of what it should forget, taught retraining's answers to the originals", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			z, err := b.logits(ctx, v)
			if err != nil {
				return nil, err
			}
			trained, err := b.logits(ctx, b.Run.Params)
			if err != nil {
				return nil, err
			}
			// The originals as retraining answers them, and noisy copies of what should be
			// forgotten as the trained model answers these.
			rng, sd := stream(b.Problem, 8), deviation(b.Run.Data)
			all := make([]int, 0, 2*b.Run.Data.Len())
			for i := range b.Run.Data.Len() {
				all = append(all, i)
			}
			n, k := b.Run.Data.Len(), b.Run.Data.Classes
			for range 3 {
				for _, i := range b.forget {
					all = append(all, i)
					z = append(z, trained[i*k:(i+1)*k]...)
				}
			}
			ds := b.Run.Data.Subset(all)
			for i := n; i < ds.Len(); i++ {
				for j, x := range ds.Row(i) {
					ds.Row(i)[j] = x + float32(0.5*sd*rng.NormFloat64())
				}
			}
			return b.distil(ctx, v, ds, z, 40)
		}},
	}
}

// raiseOther adds to the logit of class c and shifts all others but the label's so
// that the label's log odds stay.
func raiseOther(z []float64, y, c int, by float64) {
	sum := func() float64 {
		s := 0.0
		for j, v := range z {
			if j != y {
				s += math.Exp(v - z[y])
			}
		}
		return math.Log(s)
	}
	before := sum()
	z[c] += by
	shift := sum() - before
	for j := range z {
		if j != y {
			z[j] -= shift
		}
	}
}

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
