package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// TestNull: a perfect method fails no more often than the level allows, and neither
// does any part or test.
func TestNull(t *testing.T) { null(t, small) }

// TestNullByCount: the same where models are surer the more they forgot, as retrained
// ones are that took more steps. Deals that change how much a model forgot do not have
// the level here.
func TestNullByCount(t *testing.T) {
	w := small
	w.count = 0.4
	null(t, w)
}

func null(t *testing.T, w world) {
	n := trials(150, 2000)
	failed := map[string]int{}
	alpha := map[string]float64{}
	for i := range n {
		v := w.judge(t, Config{Level: .8, Deals: 99}, uint64(i), nil)
		alpha["verdict"] = 1 - v.Level
		if v.Outcome == Failed {
			failed["verdict"]++
			if v.Finding == attacks.NothingFound {
				require.NotEqual(t, Failed, v.Privacy.Outcome)
			}
		}
		for name, p := range map[string]Part{"privacy": v.Privacy, "closeness": v.Closeness, "utility": v.Utility} {
			alpha[name] = p.Alpha
			if p.Outcome == Failed {
				failed[name]++
			}
			for _, s := range p.Tests {
				alpha[s.Name] = s.Alpha
				if s.Found {
					failed[s.Name]++
				}
			}
		}
	}
	for name, a := range alpha {
		t.Logf("%-26s %4d of %d at nominal %.3f", name, failed[name], n, a)
		requireRateAtMost(t, failed[name], n, a, name)
	}
	require.Greater(t, failed["verdict"], n/20, "tests that never reject have no level")
}
