package verdict

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// big finds what is there in every seed tried.
var big = world{models: 48, targets: 16, examples: 120, classes: 4, queries: 2, in: 1.5, ragged: true}

// leak changes the answers to what a model forgot.
type leak func(d *Design) func(m, e, q int, z []float32)

// everywhere changes all answers of the method.
func (w world) everywhere(a *Answers, change func(m, q, e int, z []float32)) *Answers {
	for q, all := range a.Logits {
		for i := 0; i < len(all); i += w.classes {
			at := i / w.classes
			change(at/w.examples, q, at%w.examples, all[i:i+w.classes])
		}
	}
	return a
}

// TestFinds: leaks that are made by hand, and the statistic that is there for each.
func TestFinds(t *testing.T) {
	half := func(d *Design) func(int) bool { return func(e int) bool { return e/d.Classes%2 == 0 } }
	for _, c := range []struct {
		name    string
		leak    leak
		finding attacks.Finding
		by      string
	}{
		{"kept", big.kept, attacks.UnderUnlearned, "logit gap, by what there is to forget"},
		{"pushed below", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) { z[d.Labels[e]]-- }
		}, attacks.OverUnlearned, "logit gap"},
		{"noisy, of the same mean", func(d *Design) func(int, int, int, []float32) {
			rng := rand.New(rand.NewPCG(5, 5))
			return func(_, e, _ int, z []float32) { z[d.Labels[e]] += float32(1.5 * rng.NormFloat64()) }
		}, attacks.Distinguishable, "spread"},
		{"half of the examples up, half down", func(d *Design) func(int, int, int, []float32) {
			up := half(d)
			return func(_, e, _ int, z []float32) {
				if up(e) {
					z[d.Labels[e]] += 0.8
				} else {
					z[d.Labels[e]] -= 0.8
				}
			}
		}, "", "by example"}, // one half has more to forget

		{"half of the models up, half down", func(d *Design) func(int, int, int, []float32) {
			return func(m, e, _ int, z []float32) { z[d.Labels[e]] += 0.8 * float32(1-2*(m%2)) }
		}, attacks.Distinguishable, "by model"},
		{"one class", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) {
				if d.Labels[e] == 2 {
					z[2] += 0.6
				}
			}
		}, "", "worst class"},
		{"one example", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) {
				if e == 7 {
					z[d.Labels[e]] += 4
				}
			}
		}, attacks.Distinguishable, "worst example"},
		{"the class after the label", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) { mark(z, int(d.Labels[e]), (int(d.Labels[e])+1)%d.Classes) }
		}, attacks.Distinguishable, "logits from the label on"},
		{"class 0", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) {
				if d.Labels[e] != 0 {
					mark(z, int(d.Labels[e]), 0)
				}
			}
		}, attacks.Distinguishable, "logits by class"},
		{"another class for each example", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, _ int, z []float32) {
				mark(z, int(d.Labels[e]), (int(d.Labels[e])+1+e/d.Classes%(d.Classes-1))%d.Classes)
			}
		}, attacks.Distinguishable, "logits by example"},
		{"copies alone", func(d *Design) func(int, int, int, []float32) {
			return func(_, e, q int, z []float32) {
				if q == 1 {
					z[d.Labels[e]] += 0.8
				}
			}
		}, attacks.UnderUnlearned, "logit gap, copy 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := big.judge(t, Config{}, 1, c.leak)
			require.Equal(t, Failed, v.Privacy.Outcome, v)
			if c.finding != "" {
				require.Equal(t, c.finding, v.Finding, v)
			}
			s := statistic(t, v.Privacy, c.by)
			require.True(t, s.Found, "%s: %+v", c.by, s)
			require.Equal(t, Failed, v.Outcome)
			require.True(t, strings.HasPrefix(v.String(), "failed at 95% with 48 models: privacy failed, "), v)
		})
	}
}

// mark raises the logit of class c and lowers the label's rivals together so that the
// label's logit gap stays.
func mark(z []float32, y, c int) {
	before := gap(z, int32(y))
	z[c] += 1.5
	shift := float32(before - gap(z, int32(y)))
	for j := range z {
		if j != y {
			z[j] -= shift
		}
	}
}

func statistic(t *testing.T, p Part, name string) Statistic {
	t.Helper()
	for _, test := range p.Tests {
		for _, s := range test.Statistics {
			if s.Name == name {
				return s
			}
		}
	}
	require.Fail(t, "no statistic "+name)
	return Statistic{}
}

// TestFindsNeighbours: forgotten examples answered like never-seen ones, and the
// examples nearest to them higher.
func TestFindsNeighbours(t *testing.T) {
	d := big.design(3)
	method := big.answers(d, 1, nil)
	for m := range big.models {
		for e := range big.examples {
			if d.State[m*big.examples+e] != attacks.Forgotten {
				continue
			}
			for _, n := range d.Near[e] {
				method.Logits[0][(m*big.examples+int(n))*big.classes+int(d.Labels[n])] += 0.5
			}
		}
	}
	v, err := Config{Seed: 1}.Judge(t.Context(), d, Models{method, big.answers(d, 2, nil), big.answers(d, 3, big.kept(d))})
	require.NoError(t, err)
	require.True(t, statistic(t, v.Privacy, "neighbours").Found, v)
	d.Near = nil
	v, err = Config{Seed: 1}.Judge(t.Context(), d, Models{method, big.answers(d, 2, nil), big.answers(d, 3, big.kept(d))})
	require.NoError(t, err)
	require.NotContains(t, v.String(), "neighbours")
}

// TestFindsDistance: what tells a method's models from retraining and not what they
// forgot.
func TestFindsDistance(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m, q, e int, z []float32)
		by     string
		part   func(v *Verdict) Part
	}{
		{"heated", func(_, _, _ int, z []float32) {
			for j := range z {
				z[j] *= 1.5
			}
		}, "W1, forgotten", func(v *Verdict) Part { return v.Closeness }},
		{"more sure of everything", func(_, _, e int, z []float32) { z[e%big.classes] += 0.4 }, "logit gap, unseen", func(v *Verdict) Part { return v.Closeness }},
		{"more sure of what it retains", nil, "retained above unseen", func(v *Verdict) Part { return v.Closeness }},
		{"one class less right", func(_, _, e int, z []float32) {
			if e%big.classes == 2 {
				z[2] -= 1.5
			}
		}, "accuracy, unseen of class 2", func(v *Verdict) Part { return v.Utility }},
		{"less right", func(_, _, e int, z []float32) { z[e%big.classes] -= 1 }, "accuracy, unseen", func(v *Verdict) Part { return v.Utility }},
		{"nothing", func(_, _, _ int, z []float32) { clear(z) }, "accuracy, retained", func(v *Verdict) Part { return v.Utility }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := big.design(1)
			if c.change == nil {
				c.change = func(m, _, e int, z []float32) {
					if d.State[m*big.examples+e] == attacks.In {
						z[d.Labels[e]] += 0.4
					}
				}
			}
			v, err := Config{Seed: 1}.Judge(t.Context(), d, Models{
				big.everywhere(big.answers(d, 1, nil), c.change), big.answers(d, 2, nil), big.answers(d, 3, big.kept(d)),
			})
			require.NoError(t, err)
			require.NotEqual(t, Failed, v.Privacy.Outcome, v)
			require.True(t, statistic(t, c.part(v), c.by).Found, v)
			require.Equal(t, Failed, v.Outcome)
		})
	}
}

// TestDetectable: a method that keeps the share of what it should forget that is
// called detectable is found about as often as was said, and one that keeps nothing
// of a model that has nothing to forget is not called passed.
func TestDetectable(t *testing.T) {
	w := world{models: 32, targets: 8, examples: 100, classes: 3, queries: 1, in: 1.5, ragged: true}
	share := 0.0
	for seed := range uint64(5) {
		v := w.judge(t, Config{Deals: 299}, seed, nil)
		share += float64(v.Privacy.Detectable) / 5
	}
	require.Less(t, share, .5)
	found, n := 0, trials(40, 400)
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		v := w.judge(t, Config{Deals: 299}, uint64(100+i), func(d *Design) func(int, int, int, []float32) {
			kept := w.kept(d)
			return func(m, e, q int, z []float32) {
				if rng.Float64() < share {
					kept(m, e, q, z)
				}
			}
		})
		if v.Privacy.Tests[0].Found {
			found++
		}
	}
	t.Logf("a share of %.3f was found in %d of %d", share, found, n)
	tail, err := attacks.BinomialTail(n-found, n, 1-power+.1)
	require.NoError(t, err)
	require.GreaterOrEqual(t, tail, .001)
	require.Less(t, found, n, "more power than was said")

	w.in = 0
	v := w.judge(t, Config{Deals: 299}, 1, nil)
	require.Equal(t, Undecided, v.Privacy.Outcome)
	require.Contains(t, v.String(), "privacy undecided")
}

// TestSays: the sentence has the reasons and the figures.
func TestSays(t *testing.T) {
	passed := big.judge(t, Config{Sensitivity: .5, Loss: .2}, 2, nil)
	require.Equal(t, Passed, passed.Outcome)
	require.Regexp(t, `^passed at 95% with 48 models: privacy passed, nothing was found where [\d.]+% of what the model before unlearning shows would have been; closeness passed, .*; utility passed, nothing was found where a loss of [\d.]+ points would have been\.$`, passed.String())
	weak := big.judge(t, Config{Sensitivity: .001, Loss: .0001}, 2, nil)
	require.Equal(t, Undecided, weak.Outcome)
	require.Regexp(t, `privacy undecided, nothing was found but only [\d.]+% of what the model before unlearning shows would have been and 0.1% was asked for: about \d+ models would do`, weak.String())
	require.Regexp(t, `utility undecided, nothing was found but only a loss of [\d.]+ points would have been and 0.01 points were asked for: about \d+ models would do\.$`, weak.String())
	// So many models do: the detectable share falls with their square root, and a
	// little faster, since more models also tell better which examples have most to forget.
	more := big
	more.models, more.targets = 4*big.models, 4*big.targets
	v := more.judge(t, Config{Sensitivity: .001}, 2, nil)
	half := float64(weak.Privacy.Detectable) / 2
	require.Less(t, float64(v.Privacy.Detectable), 1.1*half)
	require.Greater(t, float64(v.Privacy.Detectable), 0.6*half)
}

// TestSameBits: neither the number of processors nor another run changes a verdict.
func TestSameBits(t *testing.T) {
	one := small.judge(t, Config{Deals: 299}, 4, small.kept)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	two := small.judge(t, Config{Deals: 299}, 4, small.kept)
	require.Equal(t, one.String(), two.String())
	require.Equal(t, one.AUC, two.AUC)
	require.Equal(t, one.Exposures, two.Exposures)
}

// TestExposures: the one example that is exposed comes with a small p-value.
func TestExposures(t *testing.T) {
	v := big.judge(t, Config{}, 1, func(d *Design) func(int, int, int, []float32) {
		return func(_, e, _ int, z []float32) {
			if e == 7 {
				z[d.Labels[e]] += 4
			}
		}
	})
	require.Len(t, v.Exposures, big.examples)
	small := 0
	for i, e := range v.Exposures {
		require.Equal(t, i, e.Example)
		if e.P < .01 {
			small++
		}
		require.True(t, e.W1.Exists())
	}
	require.Equal(t, 1, small)
	require.Less(t, v.Exposures[7].P, .01)
	require.Greater(t, v.Exposures[7].AUC, .9)
	require.Greater(t, v.Exposures[7].Z, 4.0)
}

// TestAttacksOfOnesOwn: an attack is a value, and what it answers is checked.
func TestAttacksOfOnesOwn(t *testing.T) {
	v := big.judge(t, Config{Attacks: []attacks.Attack{attacks.RMIA{}, attacks.ClassThreshold{}, attacks.Threshold{}}}, 1, big.kept)
	require.True(t, statistic(t, v.Privacy, "rmia").Found)
	require.True(t, statistic(t, v.Privacy, "class-threshold, top 1%").P <= 1)
	d := small.design(1)
	for _, c := range []struct {
		scores []float64
		want   string
	}{{[]float64{1}, "length 1, want 40"}, {append(make([]float64, 39), math.NaN()), "the score of example 39 is NaN"}} {
		_, err := Config{Attacks: []attacks.Attack{fixed(c.scores)}}.Judge(t.Context(), d, Models{small.answers(d, 1, nil), small.answers(d, 2, nil), small.answers(d, 3, nil)})
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "attack fixed")
	}
	d.Pool = nil
	v, err := Config{}.Judge(t.Context(), d, Models{small.answers(d, 1, nil), small.answers(d, 2, nil), small.answers(d, 3, nil)})
	require.NoError(t, err)
	require.Len(t, v.Privacy.Tests, 2, "no targets, no learned attacks")
}
