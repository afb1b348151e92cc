package bench

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// judged are results of three seeds in one group, in which "mini:0.2" does as
// retraining does; change may make it another.
func judged(change func(*Result)) []Result {
	var all []Result
	for seed := uint64(1); seed <= 3; seed++ {
		s := Float(seed) / 100
		for _, r := range []Result{
			{Method: "before", TestAcc: 95, ForgetAcc: 99, ExcessRemoved: 0, KSForget: 0.2, KLForget: 0.05, KLTest: 0.02},
			{Method: "mini:0.2", TestAcc: 94.9, ForgetAcc: 94.5, ExcessRemoved: 1.1, KSForget: 0.04, KLForget: 0.02, KLTest: 0.01},
			{Method: "retrain", TestAcc: 95, ForgetAcc: 94, ExcessRemoved: 1},
			{Method: "retrain-other-seed", TestAcc: 94.8, ForgetAcc: 95.5, ExcessRemoved: 1.2, KSForget: 0.04, KLForget: 0.03, KLTest: 0.03},
			{Method: "shrink-perturb:0.2", TestAcc: 94.5, ForgetAcc: 94, ExcessRemoved: 1, KSForget: 0.1, KLForget: 0.1, KLTest: 0.1},
			{Method: "fast-retrain:0.1", TestAcc: 99, ForgetAcc: 94, ExcessRemoved: 1},
		} {
			r.Dataset, r.Net, r.Forget, r.N, r.NForget, r.Seed, r.Use = "d", "n", "random:0.2", 100, 20, seed, "judgement"
			r.TestAcc += s
			r.KSForget += s / 10
			if r.Method == "mini:0.2" && change != nil {
				change(&r)
			}
			all = append(all, r)
		}
	}
	return all
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Result)
		fails  string // the criterion
		harm   Harm
	}{
		{"as retraining", nil, "", Harm{}},
		{"excess as another seed", func(r *Result) { r.ExcessRemoved = 1.2 }, "", Harm{}},
		{"forgets too much", func(r *Result) { r.ExcessRemoved = 1.21 }, "excess", Harm{}},
		{"forgets too little", func(r *Result) { r.ExcessRemoved = 0.84 }, "excess", Harm{}},
		{"nothing to see of the excess", func(r *Result) { r.ExcessRemoved = attacks.Missing() }, "", Harm{}},
		{"as another seed on the forgotten", func(r *Result) { r.ForgetAcc = 92.6 }, "", Harm{}}, // 1.4 of 1.5
		{"knows the forgotten", func(r *Result) { r.ForgetAcc = 95.6 }, "forgotten", Harm{}},
		{"loses accuracy", func(r *Result) { r.TestAcc -= 0.3 }, "test", Harm{"shrink-perturb", true}},
		{"better than retraining", func(r *Result) { r.TestAcc += 0.5 }, "test", Harm{}},
		{"other margins", func(r *Result) { r.KSForget = 0.06 }, "KS", Harm{}},
		{"other answers", func(r *Result) { r.KLForget = 0.04 }, "KL", Harm{}},
		{"answers worse than doing nothing", func(r *Result) { r.KLForget = 0.06 }, "KL", Harm{"KL", true}},
		{"in the means only", func(r *Result) { r.KLTest = 0.031 + Float(r.Seed)/100 }, "", Harm{"KL (test)", false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			results := judged(c.change)
			if c.harm.Name == "shrink-perturb" {
				for i := range results {
					if results[i].Method == "shrink-perturb:0.2" {
						results[i].TestAcc += 0.4
					}
				}
			}
			table, err := NewTable(results)
			require.NoError(t, err)
			all, err := table.Judge("mini:0.2")
			require.NoError(t, err)
			require.Len(t, all, 1)
			j := all[0]
			require.Empty(t, j.Unfit)
			var fails []string
			for _, x := range j.Criteria {
				if x.Known() && !x.Met() {
					fails = append(fails, x.Name)
				}
			}
			require.Equal(t, c.fails, strings.Join(fails, " "))
			if c.harm.Name == "" {
				require.Empty(t, j.Harms)
			} else {
				require.Equal(t, []Harm{c.harm}, j.Harms)
			}
			require.Equal(t, c.fails == "" && c.harm.Name == "", j.Passed())
		})
	}
}

func TestJudged(t *testing.T) {
	some := judged(func(r *Result) { r.KLForget = 0.06 })
	for i := range some {
		some[i].Forget, some[i].NForget, some[i].Use = "random:0.8|", 80, "tuning"
	}
	table, err := NewTable(append(judged(nil), some...))
	require.NoError(t, err)
	got, err := table.Judged("mini:0.2")
	require.NoError(t, err)
	require.Equal(t, `| cells | forgotten | passed | excess | forgotten | test | KS | KL | no harm in the means | beyond the intervals |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
| judgement | up to half | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 |
| tuning | more than half | 0 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 | 0 of 1 | 0 of 1 | 0 of 1 |

| data | net | training | forget | cells | excess | forgotten | test | KS | KL | harm | passed |
|---|---|---|---|---|---:|---:|---:|---:|---:|---|---|
| d, 100 | n | 0 epochs, batch 0,  0, momentum 0, weight decay 0 | random:0.2 | judgement | 1.10 ≤ 1.20 | 0.50 ≤ 1.50 | 0.10 ≤ 0.30 | 0.0420 ≤ 0.0525 | 0.0200 ≤ 0.0375 |  | yes |
| d, 100 | n | 0 epochs, batch 0,  0, momentum 0, weight decay 0 | random:0.8\| | tuning | 1.10 ≤ 1.20 | 0.50 ≤ 1.50 | 0.10 ≤ 0.30 | 0.0420 ≤ 0.0525 | **0.0600** ≤ 0.0375 | **KL** | no |
`, got)
	_, err = table.Judged("mini")
	require.ErrorContains(t, err, `no results of "mini"; there are those of before, mini:0.2,`)
}

// TestJudgeUnfit: too few seeds, or rows, decide nothing.
func TestJudgeUnfit(t *testing.T) {
	all := judged(nil)
	for _, c := range []struct {
		drop func(Result) bool
		want string
	}{
		{func(r Result) bool { return r.Seed == 3 }, "2 seeds, not 3"},
		{func(r Result) bool { return r.Method == "retrain-other-seed" }, "rows of retraining are missing"},
	} {
		var left []Result
		for _, r := range all {
			if !c.drop(r) {
				left = append(left, r)
			}
		}
		table, err := NewTable(left)
		require.NoError(t, err)
		js, err := table.Judge("mini:0.2")
		require.NoError(t, err)
		require.Equal(t, c.want, js[0].Unfit)
		require.False(t, js[0].Passed())
	}
	all = judged(func(r *Result) { *r = r.failed("mini:0.2", errNothing{}) })
	for i := range all {
		if all[i].Error != "" {
			all[i].KSForget = Float(math.NaN())
		}
	}
	table, err := NewTable(all)
	require.NoError(t, err)
	js, err := table.Judge("mini:0.2")
	require.NoError(t, err)
	require.Contains(t, js[0].Unfit, "could not run with seeds 1, 2, 3: no budget")
	require.False(t, js[0].Passed())
}

type errNothing struct{}

func (errNothing) Error() string { return "no budget" }
