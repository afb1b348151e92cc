package leaks

import (
	"context"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

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
		{"mixture-other", "a tenth of the trained model's parameters and the rest of those of retraining with another seed", func(ctx context.Context, b *bench) (tensor, error) {
			res, err := unlearning.Retrain{Other: 2}.Unlearn(ctx, b.Problem)
			if err != nil {
				return nil, err
			}
			return mixed(0.1, b.Run.Params, res.Params), nil
		}},
		{"ensemble", "retraining taught the mean logits of itself and the trained model", func(ctx context.Context, b *bench) (tensor, error) {
			v, zv, z, err := b.answers(ctx)
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
