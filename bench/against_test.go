package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

func TestAgainst(t *testing.T) {
	var results []Result
	add := func(method string, acc, removed, kl Float) {
		for seed, d := range []Float{-0.1, 0, 0.1} { // half an interval is 0.248
			r := sample(method, uint64(seed), float64(acc+d))
			r.ExcessRemoved, r.KLTest = removed+d, kl
			results = append(results, r)
		}
	}
	add("mini:0.2", 95, 0.9, 0.02)
	add("near:0.2", 95.4, 0.5, 0.03)  // ahead in accuracy, inside the intervals
	add("far:0.2", 95.6, 0.5, 0.01)   // ahead beyond them, and in KL
	add("above:0.2", 95.1, 0.95, 0.5) // ahead in both
	add("missing:0.2", 94, attacks.Missing(), 0.03)
	add("single:0.2", 95.1, 0.95, 0.5)
	for i := range 2 { // of three seeds
		results[len(results)-1-i].ExcessRemoved = attacks.Missing()
	}
	add("other:0.4", 99, 1, 0)
	add("retrain", 95, 1, 0)
	tab, err := NewTable(results)
	require.NoError(t, err)
	forget := results[0].Forget
	got, err := tab.Against("mini")
	require.NoError(t, err)
	require.Equal(t, "| forget | cost | rival | mini is better in | worse beyond the intervals in | rival better in both test % and removed |\n"+
		"|---|---:|---|---|---|---|\n"+
		"| "+forget+" | 0.2 | near | removed, **KL** |  |  |\n"+
		"| "+forget+" | 0.2 | far | removed | test % (as retraining), KL |  |\n"+
		"| "+forget+" | 0.2 | above | **KL** |  | yes |\n"+
		"| "+forget+" | 0.2 | missing | **test %**, **KL** |  |  |\n"+
		"| "+forget+" | 0.2 | single | **KL** |  |  |\n", got)
	_, err = tab.Against("mni")
	require.ErrorContains(t, err, "no results of mni")
}
