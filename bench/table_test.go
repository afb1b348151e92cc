package bench

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

func TestTInterval(t *testing.T) {
	m, half := tInterval([]float64{1, 2, 3})
	require.EqualValues(t, 2.0, m)
	require.InDelta(t, 4.302652729911275/math.Sqrt(3), half, 1e-9, "t of 2 degrees of freedom, from tables") // s = 1
	m, half = tInterval([]float64{5})
	require.EqualValues(t, 5.0, m)
	require.Zero(t, half)
}

func TestFormat(t *testing.T) {
	c := Column{"test %", "", Level, 2, func(r Result) Float { return r.TestAcc }}
	rows := func(acc ...Float) []Result {
		var rs []Result
		for _, a := range acc {
			rs = append(rs, Result{TestAcc: a})
		}
		return rs
	}
	require.Equal(t, "2.00 ± 2.48", c.format(rows(1, 2, 3)))
	require.Equal(t, "2.00", c.format(rows(2)))
	require.Equal(t, "2.00", c.format(rows(2, 2)))
	require.Equal(t, "3e+07", c.format(rows(3.2e7)))
	require.Equal(t, "3e+07 ± 2e+07", c.format(rows(2e7, 3e7, 4e7)))
	require.Equal(t, "—", c.format(rows(attacks.Missing())))
	require.Equal(t, "3.00 (1 of 2)", c.format(rows(3, attacks.Missing())))
}

func TestNewTable(t *testing.T) {
	_, err := NewTable([]Result{sample("mini", 1, 96), sample("mini", 1, 97)})
	require.ErrorContains(t, err, "mini with seed 1 stands there twice")
	other := sample("mini", 1, 96)
	other.Forget, other.NForget = "first:10", 10
	tab, err := NewTable([]Result{sample("mini", 1, 96), other, sample("mini", 2, 98)})
	require.NoError(t, err)
	require.Len(t, tab.Groups(), 2, "another forget set is another section")
	require.NotContains(t, tab.String(), "engine", "there is one only")
	require.Empty(t, (&Table{}).String())

	other = sample("mini", 1, 96)
	other.Engine = "libtorch/2.1.0-cpu-avx2-threads1"
	tab, err = NewTable([]Result{sample("mini", 1, 96), other, {}})
	require.NoError(t, err)
	require.Len(t, tab.Groups(), 3)
	require.Contains(t, tab.String(), "seed 1; engine gorgonia/own\n")
	require.Contains(t, tab.Markdown(), "seed 1; engine libtorch/2.1.0-cpu-avx2-threads1\n")
	require.Contains(t, tab.String(), "seed 0; engine not recorded\n")
}

func TestGuards(t *testing.T) {
	mini, dg := sample("mini", 1, 96), sample("deltagrad", 1, 95)
	mini.Guards = map[unlearning.Guard]int{"coherent": 1}
	dg.Guards = map[unlearning.Guard]int{"product shortened": 2, "pair rejected": 3}
	again := sample("deltagrad", 2, 95)
	again.Guards = map[unlearning.Guard]int{"pair rejected": 1}
	tab, err := NewTable([]Result{sample("before", 1, 97), mini, dg, again})
	require.NoError(t, err)
	const want = "mini coherent 1; deltagrad pair rejected 4, product shortened 2.\n"
	require.Contains(t, tab.String(), "\nGuards that fired, over all seeds: "+want)
	require.Contains(t, tab.Markdown(), "\nGuards that fired, over all seeds: "+want)
	require.Contains(t, tab.Brief(), "\nGuards that fired, over all seeds: random:0.2: "+want)
	class := mini
	class.Forget = "class:3"
	tab, err = NewTable([]Result{mini, class})
	require.NoError(t, err)
	require.Contains(t, tab.Brief(), " seeds: random:0.2: mini coherent 1 · class:3: mini coherent 1.\n")

	// Sections of several sets and nets say which is theirs.
	other := mini
	other.Dataset, other.Net = "adult", "logistic"
	tab, err = NewTable([]Result{mini, other})
	require.NoError(t, err)
	require.NoError(t, tab.Select("test %"))
	require.Contains(t, tab.Brief(), "| data | net | forget | method | test % |\n|---|---|---|---|---:|\n")
	require.Contains(t, tab.Brief(), "| adult | logistic | random:0.2 | mini | 96.00 |\n")
	require.Contains(t, tab.Brief(), "adult, logistic, random:0.2: mini coherent 1")

	tab, err = NewTable([]Result{sample("before", 1, 97)})
	require.NoError(t, err)
	require.NotContains(t, tab.String()+tab.Brief(), "Guards")
}

func TestFailures(t *testing.T) {
	failed := sample("mini", 2, 0)
	failed = failed.failed("mini", errors.New("out of\nbudget"))
	tab, err := NewTable([]Result{sample("mini", 1, 96), failed, sample("before", 1, 97)})
	require.NoError(t, err)
	require.NoError(t, tab.Select("test %", "seconds"))
	const want = "\nCould not run: mini with seed 2: out of budget.\n"
	require.Contains(t, tab.Markdown(), "| mini | 96.00 (1 of 2) | 0.25 (1 of 2) |\n")
	require.Contains(t, tab.Markdown(), want)
	require.Contains(t, tab.String(), want)
	require.Contains(t, tab.Brief(), "\nCould not run: random:0.2: mini with seed 2: out of budget.\n")
}

func ExampleTable_Markdown() {
	table, err := NewTable([]Result{
		sample("before", 1, 97), sample("mini", 1, 95),
		sample("before", 2, 97.2), sample("mini", 2, 95.6),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(table.Markdown())
	// Output:
	// digits, mlp:64-128-10: 1257 examples, 251 to forget (random:0.2); 8 epochs, batch 64, cosine 0.05, momentum 0.9, weight decay 0.0005; seeds 1, 2
	//
	// | method | test % | retained % | forgotten % | attack AUC | excess removed | KS | KL | rel. distance | gradient evals | of retraining | seconds | history MB |
	// |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
	// | before | 97.10 ± 1.27 | 99.00 | 95.00 | 0.500 | — | 0.100 | 0.0200 | 0.500 | 1006 | 0.200 | 0.25 | 0.40 |
	// | mini | 95.30 ± 3.81 | 99.00 | 95.00 | 0.500 | — | 0.100 | 0.0200 | 0.500 | 1006 | 0.200 | 0.25 | 0.40 |
	//
	// Means over 2 seeds ± half the width of their 95% t-intervals.
}
