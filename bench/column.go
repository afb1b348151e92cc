package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// column is a column of a Table.
type column struct {
	head     string
	decimals int
	value    func(r Result) Float
}

// columns are those that a Table shows unless told otherwise.
var columns = []column{
	{"test %", 2, func(r Result) Float { return r.TestAcc }},
	{"retained %", 2, func(r Result) Float { return r.RetainAcc }},
	{"forgotten %", 2, func(r Result) Float { return r.ForgetAcc }},
	{"attack AUC", 3, func(r Result) Float { return r.MIAAUC }},
	{"excess removed", 2, func(r Result) Float { return r.ExcessRemoved }},
	{"KS", 3, func(r Result) Float { return r.KSForget }},
	{"KL", 4, func(r Result) Float { return r.KLForget }},
	{"rel. distance", 3, func(r Result) Float { return r.RelDist }},
	{"gradient evals", 0, func(r Result) Float { return Float(r.GradEvals) }},
	{"of retraining", 3, func(r Result) Float { return Float(r.GradEvals / r.RetrainGradEvals) }},
	{"seconds", 2, func(r Result) Float { return Float(r.Seconds) }},
	{"history MB", 2, func(r Result) Float { return Float(float64(r.HistoryBytesKept) / 1e6) }},
}

// moreColumns are shown when asked for.
var moreColumns = []column{
	{"KL (test)", 4, func(r Result) Float { return r.KLTest }},
	{"distance", 4, func(r Result) Float { return r.Dist }},
	{"seconds, of retraining", 2, func(r Result) Float { return Float(r.Seconds / r.RetrainSeconds) }},
}

// Columns lists the heads of the columns that a Table can show.
func Columns() []string {
	var heads []string
	for _, c := range slices.Concat(columns, moreColumns) {
		heads = append(heads, c.head)
	}
	return heads
}

// Select sets the columns that t shows, by their heads.
func (t *Table) Select(heads ...string) error {
	t.columns = nil
	for _, h := range heads {
		i := slices.Index(Columns(), h)
		if i < 0 {
			return fmt.Errorf("bench: no column %q; there are %s", h, strings.Join(Columns(), ", "))
		}
		t.columns = append(t.columns, slices.Concat(columns, moreColumns)[i])
	}
	return nil
}

func (t *Table) shown() []column {
	if t.columns == nil {
		return columns
	}
	return t.columns
}

func (t *Table) headers() []string {
	h := []string{"method"}
	for _, c := range t.shown() {
		h = append(h, c.head)
	}
	return h
}

// format prints the mean of a column over results, with ± half the width of
// its 95% interval unless that rounds to 0. Where a value is
// missing from some of them, it says from how many the mean is.
func (c column) format(results []Result) string {
	x := c.values(results)
	if len(x) == 0 {
		return "—"
	}
	m, half := tInterval(x)
	f, decimals := byte('f'), c.decimals
	if decimals > 0 && math.Abs(m) >= 1e5 { // what has diverged, in few digits
		f, decimals = 'e', 0
	}
	s := strconv.FormatFloat(m, f, decimals, 64)
	if h := strconv.FormatFloat(half, f, decimals, 64); strings.ContainsAny(h, "123456789") {
		s += " ± " + h
	}
	if len(x) < len(results) {
		s += fmt.Sprintf(" (%d of %d)", len(x), len(results))
	}
	return s
}

// values returns those that are not missing. A method that could not run has
// none, not even a cost of 0.
func (c column) values(results []Result) (x []float64) {
	for _, r := range results {
		if v := c.value(r); r.Error == "" && v.Exists() {
			x = append(x, float64(v))
		}
	}
	return x
}

// tInterval returns the mean of x and half the width of its two-sided 95%
// t-interval, t_{0.975, n−1}·s/√n: 0 for a single value.
func tInterval(x []float64) (m, half float64) {
	m = mean(x)
	n := float64(len(x))
	if n < 2 {
		return m, 0
	}
	ss := 0.0
	for _, v := range x {
		ss += (v - m) * (v - m)
	}
	t := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return m, t * math.Sqrt(ss/(n-1)/n)
}
