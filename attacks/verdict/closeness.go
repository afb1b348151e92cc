package verdict

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// closeness tests whether a method's models can be told from retrained ones. Each
// model of the method has a partner, retrained with a seed of its own on what both
// retain. If the method leaves what retraining leaves, the two could be swapped:
// the statistics are compared with those after swapping the partners of a random
// half of the pairs.
type closeness struct {
	*layout
	cfg    Config
	weight []float64   // of audited examples, by what there is to forget
	group  [3]*pairs   // by State
	copies [][3]*pairs // of further queries

	family               family
	meanW1, nullW1, sdW1 float64
}

// pairs are the answers of a method's models and of their partners to the examples
// in one state.
type pairs struct {
	name    string
	model   []int32   // of each pair
	example []int32   // position
	a, b    []float64 // logit gaps
	diff    []float64 // of these, in standard deviations of the example, clamped
	spread  []float64 // difference of squared deviations, likewise
	logits  []float64 // differences of the centred logits, [pairs, width], from the label on
	width   int
}

var stateNames = [3]string{attacks.Out: "unseen", attacks.In: "retained", attacks.Forgotten: "forgotten"}

func newCloseness(l *layout, cfg Config, weight []float64, method, reference *Answers) *closeness {
	c := &closeness{layout: l, cfg: cfg, weight: weight}
	for st := range c.group {
		c.group[st] = l.newPairs(attacks.State(st), method, reference, 0)
	}
	for q := 1; q < min(len(method.Logits), len(reference.Logits)); q++ {
		var g [3]*pairs
		for st := range g {
			g[st] = l.newPairs(attacks.State(st), method, reference, q)
		}
		c.copies = append(c.copies, g)
	}
	return c
}

func (l *layout) newPairs(st attacks.State, method, reference *Answers, q int) *pairs {
	p := &pairs{name: stateNames[st] + at(q), width: min(l.Classes, maxLogits)}
	for e := range l.examples {
		if q > 0 && l.at[e] < 0 {
			continue
		}
		for m := range l.models {
			if l.state(m, e) != st {
				continue
			}
			za, zb := l.row(method, q, m, e), l.row(reference, q, m, e)
			a, b := gap(za, l.Labels[e]), gap(zb, l.Labels[e])
			p.model, p.example = append(p.model, int32(m)), append(p.example, int32(e))
			p.a, p.b = append(p.a, a), append(p.b, b)
			ma, mb := mean32(za), mean32(zb)
			for c := range p.width {
				k := (int(l.Labels[e]) + c) % l.Classes
				p.logits = append(p.logits, float64(za[k])-ma-(float64(zb[k])-mb))
			}
		}
	}
	p.scale(l.examples)
	for c := range p.width {
		ss := 0.0
		for i := range p.model {
			ss += p.logits[i*p.width+c] * p.logits[i*p.width+c]
		}
		sd := math.Sqrt(ss / float64(max(len(p.model), 1)))
		for i := range p.model {
			p.logits[i*p.width+c] = clamp(over(p.logits[i*p.width+c], sd), 2*most)
		}
	}
	return p
}

// scale sets the differences in standard deviations of each example over both
// kinds of models, which no swap changes.
func (p *pairs) scale(examples int) {
	sum, n := make([]float64, examples), make([]float64, examples)
	for i, e := range p.example {
		sum[e] += p.a[i] + p.b[i]
		n[e] += 2
	}
	sd := newSpread(examples)
	for i, e := range p.example {
		centre := sum[e] / n[e]
		sd.squares[e] += (p.a[i]-centre)*(p.a[i]-centre) + (p.b[i]-centre)*(p.b[i]-centre)
		sd.dof[e] = int(n[e]) - 1
	}
	sd.finish()
	p.diff, p.spread = make([]float64, len(p.a)), make([]float64, len(p.a))
	for i, e := range p.example {
		centre := sum[e] / n[e]
		a, b := clamp(over(p.a[i]-centre, sd.of(int(e))), most), clamp(over(p.b[i]-centre, sd.of(int(e))), most)
		p.diff[i], p.spread[i] = clamp(over(p.a[i]-p.b[i], sd.of(int(e))), 2*most), a*a-b*b
	}
}

func mean32(z []float32) float64 {
	s := 0.0
	for _, v := range z {
		s += float64(v)
	}
	return s / float64(len(z))
}

// perModel sums x over the pairs of each model, and divides by how many there are.
func (p *pairs) perModel(models int, x []float64) []float64 {
	sum, n := make([]float64, models), make([]float64, models)
	for i, m := range p.model {
		sum[m] += x[i]
		n[m]++
	}
	for m := range sum {
		if n[m] > 0 {
			sum[m] /= n[m]
		}
	}
	return sum
}

// signs returns which pairs of models keep their order in each of n swaps, +1 and
// −1 for each model; none is swapped in the first. With few models these are all
// ways there are.
func signs(models, n int, seed uint64) [][]int8 {
	if models < 20 && 1<<models <= n {
		n = 1 << models
		out := make([][]int8, n)
		for r := range out {
			for m := range models {
				out[r] = append(out[r], int8(1-2*(r>>m&1)))
			}
		}
		return out
	}
	out := make([][]int8, n)
	for r := range out {
		rng := purpose.Stream(seed, purpose.Swap, uint64(r))
		row := make([]int8, models)
		for m := range row {
			row[m] = 1
			if r > 0 && rng.Uint64()>>63 == 1 {
				row[m] = -1
			}
		}
		out[r] = row
	}
	return out
}

// swapped returns Σ_m s_m x_m for each swap, in units of √Σ x².
func swapped(swaps [][]int8, x []float64) []float64 {
	ss := 0.0
	for _, v := range x {
		ss += v * v
	}
	out := make([]float64, len(swaps))
	if ss == 0 {
		return out
	}
	for r, s := range swaps {
		for m, v := range x {
			out[r] += float64(s[m]) * v
		}
		out[r] /= math.Sqrt(ss)
	}
	return out
}

func absolute(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Abs(v)
	}
	return out
}

func (c *closeness) run(ctx context.Context) error {
	swaps := signs(c.models, c.cfg.deals(), c.cfg.Seed)
	forgotten := c.group[attacks.Forgotten]
	w1, err := c.wasserstein(ctx, forgotten, swaps)
	if err != nil {
		return err
	}
	c.meanW1 = w1[0]
	_, c.nullW1, c.sdW1 = distances(w1)
	c.family.add("W1, forgotten", w1)
	for _, st := range []attacks.State{attacks.Forgotten, attacks.Out, attacks.In} {
		if err := c.compare(ctx, c.group[st], swaps); err != nil {
			return err
		}
		for _, g := range c.copies {
			if st == attacks.In {
				continue // what a copy of a retained example shows, the example does
			}
			if err := c.compare(ctx, g[st], swaps); err != nil {
				return err
			}
		}
	}
	// Retained examples that stand out more from unseen ones than after retraining are
	// the price that others pay for the forgotten ones.
	if retained := c.group[attacks.In]; len(retained.model) > 0 {
		above := retained.perModel(c.models, retained.diff)
		for m, v := range c.group[attacks.Out].perModel(c.models, c.group[attacks.Out].diff) {
			above[m] -= v
		}
		c.family.add("retained above unseen", absolute(swapped(swaps, above)))
	}
	c.family.add("logit gap, forgotten, by what there is to forget", absolute(swapped(swaps, forgotten.perModel(c.models, c.weighted(forgotten.diff)))))
	if len(c.copies) > 0 {
		mixed := c.mixed()
		c.family.add("logit gap, forgotten, mean over queries", absolute(swapped(swaps, forgotten.perModel(c.models, mixed))))
		c.family.add("logit gap, forgotten, mean over queries, by what there is to forget", absolute(swapped(swaps, forgotten.perModel(c.models, c.weighted(mixed)))))
	}
	return nil
}

// forgottenOf returns the forgotten pairs of each query, which are the same.
func (c *closeness) forgottenOf() []*pairs {
	all := []*pairs{c.group[attacks.Forgotten]}
	for _, g := range c.copies {
		all = append(all, g[attacks.Forgotten])
	}
	return all
}

// mixed is the mean of the forgotten pairs' differences over queries.
func (c *closeness) mixed() []float64 { return mixedDiff(c.forgottenOf()) }

func mixedDiff(queries []*pairs) []float64 {
	out := make([]float64, len(queries[0].diff))
	for _, p := range queries {
		for i, v := range p.diff {
			out[i] += v / float64(len(queries))
		}
	}
	return out
}

// weighted multiplies what belongs to the forgotten pairs by their examples' weight.
func (c *closeness) weighted(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, e := range c.group[attacks.Forgotten].example {
		out[i] = c.weight[c.at[e]] * x[i]
	}
	return out
}

// compare adds the statistics of one group.
func (c *closeness) compare(ctx context.Context, p *pairs, swaps [][]int8) error {
	if len(p.model) == 0 {
		return nil
	}
	c.family.add("logit gap, "+p.name, absolute(swapped(swaps, p.perModel(c.models, p.diff))))
	c.family.add("spread, "+p.name, absolute(swapped(swaps, p.perModel(c.models, p.spread))))
	byExample, err := p.byExample(ctx, c.examples, swaps)
	if err != nil {
		return err
	}
	c.family.add("by example, "+p.name, byExample)
	c.family.add("logits, "+p.name, p.hotelling(c.models, swaps))
	return nil
}

// byExample returns Σ_e (Σ_m s_m d_me)²/Σ_m d_me² for each swap: a difference that
// is another for each example and the same for all models.
func (p *pairs) byExample(ctx context.Context, examples int, swaps [][]int8) ([]float64, error) {
	ss := make([]float64, examples)
	for i, e := range p.example {
		ss[e] += p.diff[i] * p.diff[i]
	}
	out := make([]float64, len(swaps))
	err := parallel(ctx, len(swaps), func(r int) {
		total, s := 0.0, swaps[r]
		for i := 0; i < len(p.example); { // pairs of one example follow each other
			e, sum := p.example[i], 0.0
			for ; i < len(p.example) && p.example[i] == e; i++ {
				sum += float64(s[p.model[i]]) * p.diff[i]
			}
			if ss[e] > 0 {
				total += sum * sum / ss[e]
			}
		}
		out[r] = total
	})
	return out, err
}

// hotelling returns Hotelling's statistic of the mean differences of the logits
// over models, whose second moments no swap changes.
func (p *pairs) hotelling(models int, swaps [][]int8) []float64 {
	x := make([][]float64, p.width)
	column := make([]float64, len(p.model))
	for c := range x {
		for i := range column {
			column[i] = p.logits[i*p.width+c]
		}
		x[c] = p.perModel(models, column)
	}
	second := mat.NewSymDense(p.width, nil)
	for a := range p.width {
		for b := a; b < p.width; b++ {
			dot := 0.0
			for m := range models {
				dot += x[a][m] * x[b][m]
			}
			second.SetSym(a, b, dot)
		}
	}
	out := make([]float64, len(swaps))
	var eigen mat.EigenSym
	if !eigen.Factorize(second, true) {
		return out
	}
	values := eigen.Values(nil)
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	along := make([]float64, models)
	for k, v := range values {
		if !(v > 1e-9*values[p.width-1]) || v < 1e-20 {
			continue
		}
		clear(along)
		for m := range along {
			for c := range p.width {
				along[m] += axes.At(c, k) * x[c][m]
			}
		}
		for r, z := range swapped(swaps, along) {
			out[r] += z * z
		}
	}
	return out
}

// wasserstein returns the mean over examples of the earth mover's distance between
// the method's and the partners' logit gaps, in their units, for each swap.
func (c *closeness) wasserstein(ctx context.Context, p *pairs, swaps [][]int8) ([]float64, error) {
	type point struct {
		value float64
		model int32
		side  int8 // +1 of the method, −1 of the partner
	}
	var examples [][]point
	for i := 0; i < len(p.example); {
		e := p.example[i]
		var x []point
		for ; i < len(p.example) && p.example[i] == e; i++ {
			x = append(x, point{p.a[i], p.model[i], 1}, point{p.b[i], p.model[i], -1})
		}
		slices.SortStableFunc(x, func(a, b point) int {
			switch {
			case a.value < b.value:
				return -1
			case a.value > b.value:
				return 1
			}
			return 0
		})
		examples = append(examples, x)
	}
	out := make([]float64, len(swaps))
	err := parallel(ctx, len(swaps), func(r int) {
		total, s := 0.0, swaps[r]
		for _, x := range examples {
			excess, distance := 0, 0.0
			for i, v := range x[:len(x)-1] {
				excess += int(v.side * s[v.model])
				if excess != 0 {
					distance += math.Abs(float64(excess)) * (x[i+1].value - v.value)
				}
			}
			total += distance / float64(len(x)/2)
		}
		out[r] = total / float64(max(len(examples), 1))
	})
	return out, err
}
