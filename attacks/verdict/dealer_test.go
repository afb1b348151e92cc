package verdict

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// forgottenBy returns deal r as a set of [example, model].
func (d *dealer) forgottenBy(r int) map[[2]int]bool {
	out := map[[2]int]bool{}
	d.deal(r, func(k int, slots []int) {
		for _, j := range slots {
			out[[2]int{d.audited[k], int(d.model[j])}] = true
		}
	})
	return out
}

// TestDealsKeepNumbers: no deal changes by how many models an example was forgotten,
// how many examples a model forgot, or what is retained; deal 0 is the one that was
// made, and the others have little in common with it but what chance gives.
func TestDealsKeepNumbers(t *testing.T) {
	for _, models := range []int{24, 150} {
		w := world{models: models, targets: 8, examples: 200, classes: 2, queries: 1}
		d := w.design(1)
		d.Near = nil
		for e := range w.examples - 3 {
			d.Audited = append(d.Audited, e)
		}
		for m := range w.models {
			for e := w.examples - 3; e < w.examples; e++ {
				d.State[m*w.examples+e] = attacks.In
			}
		}
		l, err := d.layout()
		require.NoError(t, err)
		deals := newDealer(l.newStrata(-1), l.models, 1)
		made := deals.forgottenBy(0)
		count := func(x map[[2]int]bool) (byExample, byModel map[int]int) {
			byExample, byModel = map[int]int{}, map[int]int{}
			for at := range x {
				byExample[at[0]]++
				byModel[at[1]]++
			}
			return byExample, byModel
		}
		for at := range made {
			require.Equal(t, attacks.Forgotten, l.state(at[1], at[0]))
		}
		byExample, byModel := count(made)
		again, share := 0, 0.0
		for r := 1; r <= 50; r++ {
			deal := deals.forgottenBy(r)
			require.Equal(t, deal, deals.forgottenBy(r))
			e, m := count(deal)
			require.Equal(t, byExample, e)
			require.Equal(t, byModel, m)
			for at := range deal {
				require.NotEqual(t, attacks.In, l.state(at[1], at[0]))
				if made[at] {
					again++
				}
			}
		}
		// By chance an example is forgotten again by a model with the share f/n of those
		// that do not retain it.
		s := deals.strata
		for k, f := range s.forgotten {
			share += float64(f*f) / float64(s.start[k+1]-s.start[k])
		}
		share /= float64(len(made))
		require.InDelta(t, share, float64(again)/50/float64(len(made)), 0.03)
	}
}

// TestDealsAreEquallyLikely counts the deals of a design that is small enough to list
// them all, by a chi-square test at 0.001.
func TestDealsAreEquallyLikely(t *testing.T) {
	d := &Design{Classes: 2, Labels: make([]int32, 4)}
	for _, row := range []string{"FOFF", "OFOI", "OFOF", "FOIO", "IOFO", "OIOF"} {
		for _, c := range row {
			d.State = append(d.State, map[rune]attacks.State{'F': attacks.Forgotten, 'O': attacks.Out, 'I': attacks.In}[c])
		}
	}
	l, err := d.layout()
	require.NoError(t, err)
	s := l.newStrata(-1)
	// All ways to choose, kept if the numbers stay.
	all := map[uint64]int{}
	for set := range uint64(1) << len(s.model) {
		byExample, byModel := make([]int, 4), make([]int, 6)
		for k := range s.len() {
			for j := s.start[k]; j < s.start[k+1]; j++ {
				if set>>j&1 == 1 {
					byExample[k]++
					byModel[s.model[j]]++
				}
				if s.isForgot[j] {
					byExample[k]--
					byModel[s.model[j]]--
				}
			}
		}
		if fmt.Sprint(byExample, byModel) == "[0 0 0 0] [0 0 0 0 0 0]" {
			all[set] = 0
		}
	}
	require.Greater(t, len(all), 20)
	const n = 120
	for seed := range uint64(n) {
		deals := newDealer(s, l.models, seed)
		for r := 1; r <= n; r++ {
			deal := uint64(0)
			deals.deal(r, func(_ int, slots []int) {
				for _, j := range slots {
					deal |= 1 << j
				}
			})
			_, ok := all[deal]
			require.True(t, ok)
			all[deal]++
		}
	}
	x, expected := 0.0, float64(n*n)/float64(len(all))
	for _, c := range all {
		x += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	require.Greater(t, distuv.ChiSquared{K: float64(len(all) - 1)}.Survival(x), 0.001, "%d deals", len(all))
}

func TestBelow(t *testing.T) {
	d := draws{pcg: *rand.NewPCG(1, 2)}
	count := make([]int, 7)
	for range 70_000 {
		count[d.below(7)]++
	}
	for _, c := range count {
		require.InDelta(t, 10_000, c, 400)
	}
}
