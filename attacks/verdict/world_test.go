package verdict

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// world makes answers of models whose truth is known: a logit for each class that
// depends on the example, the model and chance, and on the label's what an example
// leaves that the model has seen.
type world struct {
	models, targets, examples, classes, queries int
	in                                          float64 // what retaining adds to the label's logit, in standard deviations
	ragged                                      bool    // another for each example
	count                                       float64 // what each standard deviation of the number forgotten adds to the scale of all logits
}

var small = world{models: 24, targets: 8, examples: 40, classes: 3, queries: 2, in: 1.5, ragged: true}

func (w world) design(seed uint64) *Design {
	rng := rand.New(rand.NewPCG(seed, 1))
	d := &Design{Classes: w.classes, State: make([]attacks.State, w.models*w.examples)}
	for m := range w.models {
		pool := 0
		if m >= w.models-w.targets {
			pool = 1
		}
		d.Pool = append(d.Pool, pool)
	}
	for e := range w.examples {
		d.Labels = append(d.Labels, int32(e%w.classes))
		for _, p := range [][2]int{{0, w.models - w.targets}, {w.models - w.targets, w.models}} {
			n := p[1] - p[0]
			for k, m := range rng.Perm(n) {
				switch {
				case k < n/2-n/4:
					d.State[(p[0]+m)*w.examples+e] = attacks.In
				case k < n/2:
					d.State[(p[0]+m)*w.examples+e] = attacks.Forgotten
				}
			}
		}
		d.Near = append(d.Near, []int32{int32((e + w.classes) % w.examples), int32((e + 2*w.classes) % w.examples)})
	}
	return d
}

// answers draws models of their own. forgotten changes the logits of an example that
// the model forgot.
func (w world) answers(d *Design, seed uint64, forgotten func(m, e, q int, z []float32)) *Answers {
	rng, examples := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(99, 3))
	mean, effect := matrix(w.examples, w.classes), make([]float64, w.examples)
	for e := range mean {
		for c := range mean[e] {
			mean[e][c] = examples.NormFloat64()
		}
		mean[e][d.Labels[e]] += 2
		effect[e] = w.in
		if w.ragged {
			effect[e] *= 2 * examples.Float64()
		}
	}
	a := &Answers{Logits: make([][]float32, w.queries)}
	heat := w.heat(d)
	for m := range w.models {
		common := 0.3 * rng.NormFloat64()
		for q := range w.queries {
			for e := range w.examples {
				z := make([]float32, w.classes)
				for c := range z {
					z[c] = float32(mean[e][c] + rng.NormFloat64()*0.7)
				}
				y := d.Labels[e]
				z[y] += float32(common)
				switch d.State[m*w.examples+e] {
				case attacks.In:
					z[y] += float32(effect[e])
				case attacks.Forgotten:
					if forgotten != nil {
						forgotten(m, e, q, z)
					}
				}
				for c := range z {
					z[c] *= heat[m]
				}
				a.Logits[q] = append(a.Logits[q], z...)
			}
		}
	}
	return a
}

// heat is the scale of each model's logits: larger where a model forgot more, as after
// more steps.
func (w world) heat(d *Design) []float32 {
	out := make([]float32, w.models)
	if w.count == 0 {
		for m := range out {
			out[m] = 1
		}
		return out
	}
	n, of := make([]float64, w.models), [2]float64{}
	models := [2]float64{float64(w.models - w.targets), float64(w.targets)}
	for i, st := range d.State {
		if st == attacks.Forgotten {
			n[i/w.examples]++
			of[d.Pool[i/w.examples]]++
		}
	}
	for m := range out {
		mean := of[d.Pool[m]] / models[d.Pool[m]]
		out[m] = float32(1 + w.count*(n[m]-mean)/math.Sqrt(mean))
	}
	return out
}

// kept is what a model answers that retains what it forgot.
func (w world) kept(d *Design) func(m, e, q int, z []float32) {
	examples := rand.New(rand.NewPCG(99, 3))
	effect := make([]float64, w.examples)
	for e := range effect {
		for range w.classes {
			examples.NormFloat64()
		}
		effect[e] = w.in
		if w.ragged {
			effect[e] *= 2 * examples.Float64()
		}
	}
	return func(_, e, _ int, z []float32) { z[d.Labels[e]] += float32(effect[e]) }
}

func (w world) judge(t *testing.T, c Config, seed uint64, leak func(d *Design) func(m, e, q int, z []float32)) *Verdict {
	t.Helper()
	d := w.design(seed)
	var f func(m, e, q int, z []float32)
	if leak != nil {
		f = leak(d)
	}
	c.Seed = seed
	v, err := c.Judge(t.Context(), d, Models{
		Method: w.answers(d, 3*seed, f), Reference: w.answers(d, 3*seed+1, nil), Before: w.answers(d, 3*seed+2, w.kept(d)),
	})
	require.NoError(t, err)
	return v
}

// trials is the number of null trials of this tier.
func trials(few, many int) int {
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		return many
	}
	return few
}

// requireRateAtMost fails when k of n are incompatible, at 0.001, with a rate of at
// most p.
func requireRateAtMost(t *testing.T, k, n int, p float64, what string) {
	t.Helper()
	tail, err := attacks.BinomialTail(k, n, p)
	require.NoError(t, err)
	require.GreaterOrEqual(t, tail, 0.001, "%s: %d of %d at nominal %v", what, k, n, p)
}
