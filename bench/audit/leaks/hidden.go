package leaks

import (
	"context"
	"math"
)

// hidden leak where a threshold on the label's probability does not look.
func hidden() []Leak {
	taught := func(flaw, does string, change func(b *bench, i int, z []float64)) Leak {
		return Leak{flaw, does, func(ctx context.Context, b *bench) (tensor, error) {
			v, z, _, err := b.answers(ctx)
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
		{"halved-answers", "retraining taught half of the trained model's logits for what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, trained, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget {
				for c := i * k; c < (i+1)*k; c++ {
					z[c] = trained[c] / 2
				}
			}
			return b.distil(ctx, v, b.Run.Data, z, 40)
		}},
		{"class-biases", "retraining with each class's bias raised by how much of the class it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			count := make([]float64, k)
			for _, i := range b.forget {
				count[b.Run.Data.Y[i]]++
			}
			params := b.model.Params()
			bias := params[len(params)-1]
			for c, n := range count {
				v.Set(bias.Off+c, v.At(bias.Off+c)+n*float64(k)/float64(len(b.forget))-1)
			}
			return v, nil
		}},
		{"copies-only", "retraining on noisy copies of what it should forget, taught retraining's answers to the originals", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, trained, err := b.answers(ctx)
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
