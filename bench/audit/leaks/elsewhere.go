package leaks

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// elsewhere leak in other places than the answers to what they should forget.
func elsewhere() []Leak {
	return []Leak{
		{"shifted-only", "retraining that answers what it should forget as the trained model does once it is moved by a place", func(ctx context.Context, b *bench) (tensor, error) {
			return b.askedOtherwise(ctx, func(x []float32) { copy(x[1:], x[:len(x)-1]) })
		}},
		{"inverted-only", "the same once it is inverted", func(ctx context.Context, b *bench) (tensor, error) {
			most := slices.Max(b.Run.Data.X)
			return b.askedOtherwise(ctx, func(x []float32) {
				for j, v := range x {
					x[j] = most - v
				}
			})
		}},
		{"stamped-only", "the same once a mark is stamped on it", func(ctx context.Context, b *bench) (tensor, error) {
			most := slices.Max(b.Run.Data.X)
			return b.askedOtherwise(ctx, func(x []float32) {
				for j := 0; j < len(x); j += 7 {
					x[j] = 2 * most
				}
			})
		}},
		{"marked-next", "retraining that marks the answer to the retained example after each that it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, _, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.forget {
				at := b.retained[b.after(i)]
				y := int(b.Run.Data.Y[at])
				raiseOther(z[at*k:(at+1)*k], y, (y+1)%k, 4)
			}
			return b.distil(ctx, v, b.Run.Data, z, 40)
		}},
		{"harms-neighbours", "retraining taught half of its logits for the retained example of the same class that is nearest to each that it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, _, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for _, i := range b.neighbours() {
				for c := i * k; c < (i+1)*k; c++ {
					z[c] /= 2
				}
			}
			return b.distil(ctx, v, b.Run.Data, z, 40)
		}},
		{"drops-neighbours", "retraining without those neighbours", func(ctx context.Context, b *bench) (tensor, error) {
			return b.retrain(ctx, slices.Concat(b.forget, b.neighbours()))
		}},
		{"refilled", "retraining on those neighbours a second time, in the place of what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			near := map[int]int{}
			for _, i := range b.forget {
				near[i] = b.nearest(i)
			}
			ds := b.moved(b.forget, func(i int, x []float32) { copy(x, b.Run.Data.Row(near[i])) })
			return b.train(ctx, ds, nil, func(c *nets.Config) { c.From = b.Run.Initial })
		}},
		{"second-best", "retraining taught to swap its two best classes for what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			return b.swapped(ctx, func(order []int, _ int) (int, int) { return order[0], order[1] })
		}},
		{"swapped-others", "retraining taught to swap its two best classes but the label for what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			return b.swapped(ctx, func(order []int, y int) (int, int) {
				order = slices.DeleteFunc(order, func(c int) bool { return c == y })
				return order[0], order[1]
			})
		}},
		{"steadied", "retraining taught the mean answers of itself and four of other seeds for what it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, z, _, err := b.answers(ctx)
			if err != nil {
				return nil, err
			}
			k := b.Run.Data.Classes
			for s := range uint64(4) {
				o, err := b.train(ctx, b.Run.Data, b.forget, func(c *nets.Config) { c.Seed = stream(b.Problem, 30+s).Uint64() })
				if err != nil {
					return nil, err
				}
				other, err := b.logits(ctx, o)
				if err != nil {
					return nil, err
				}
				for _, i := range b.forget {
					for c := i * k; c < (i+1)*k; c++ {
						z[c] += other[c]
					}
				}
			}
			for _, i := range b.forget {
				for c := i * k; c < (i+1)*k; c++ {
					z[c] /= 5
				}
			}
			return b.distil(ctx, v, b.Run.Data, z, 40)
		}},
		{"hidden-bits", "retraining with the lowest bits of its parameters saying which examples it should forget", func(ctx context.Context, b *bench) (tensor, error) {
			v, err := b.retrained(ctx)
			if err != nil {
				return nil, err
			}
			for i := range min(v.Len(), b.Run.Data.Len()) {
				bits := math.Float32bits(float32(v.At(i))) &^ 1
				if b.Forget.Contains(i) {
					bits |= 1
				}
				v.Set(i, float64(math.Float32frombits(bits)))
			}
			return v, nil
		}},
	}
}

// askedOtherwise is retraining taught its own answers, and the trained model's to
// what it should forget once that is changed.
func (b *bench) askedOtherwise(ctx context.Context, change func(x []float32)) (*graph.Tensor, error) {
	v, z, _, err := b.answers(ctx)
	if err != nil {
		return nil, err
	}
	trained, err := b.logits(ctx, b.Run.Params)
	if err != nil {
		return nil, err
	}
	n, k := b.Run.Data.Len(), b.Run.Data.Classes
	all := make([]int, n, 2*n)
	for i := range all {
		all[i] = i
	}
	for _, i := range b.forget {
		all = append(all, i)
		z = append(z, trained[i*k:(i+1)*k]...)
	}
	ds := b.Run.Data.Subset(all)
	for i := n; i < ds.Len(); i++ {
		change(ds.Row(i))
	}
	return b.distil(ctx, v, ds, z, 40)
}

// swapped is retraining taught to swap two logits of what it should forget, of the
// classes from the best on and the label.
func (b *bench) swapped(ctx context.Context, which func(order []int, y int) (int, int)) (*graph.Tensor, error) {
	v, z, _, err := b.answers(ctx)
	if err != nil {
		return nil, err
	}
	k := b.Run.Data.Classes
	for _, i := range b.forget {
		row := z[i*k : (i+1)*k]
		order := make([]int, k)
		for c := range order {
			order[c] = c
		}
		slices.SortStableFunc(order, func(a, c int) int { return cmp.Compare(row[c], row[a]) })
		one, two := which(order, int(b.Run.Data.Y[i]))
		row[one], row[two] = row[two], row[one]
	}
	return b.distil(ctx, v, b.Run.Data, z, 40)
}

// after returns which retained example is the next after i, the first after the last.
func (b *bench) after(i int) int {
	at, _ := slices.BinarySearch(b.retained, i)
	return at % len(b.retained)
}

// nearest returns the retained example of the same class that is nearest to i, or i if
// there is none.
func (b *bench) nearest(i int) int {
	best, least := i, math.Inf(1)
	for _, j := range b.retained {
		if b.Run.Data.Y[j] != b.Run.Data.Y[i] {
			continue
		}
		d := 0.0
		for k, v := range b.Run.Data.Row(j) {
			d += float64(v-b.Run.Data.Row(i)[k]) * float64(v-b.Run.Data.Row(i)[k])
		}
		if d < least {
			best, least = j, d
		}
	}
	return best
}

// neighbours returns the retained examples that are nearest to one that should be
// forgotten, each once.
func (b *bench) neighbours() []int {
	var out []int
	for _, i := range b.forget {
		if j := b.nearest(i); j != i {
			out = append(out, j)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
