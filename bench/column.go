package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Column is a measure or a cost, as a Table and a figure show it.
type Column struct {
	Head     string
	Meaning  string // a definition in a few words
	Kind     Kind
	decimals int
	value    func(r Result) Float
}

// Kind says what a column is to be compared with.
type Kind int

const (
	// Level is a property of a model. Its target is what retraining has.
	Level Kind = iota
	// Distance is one from the replayed retrained model. Its target is what
	// another retraining has, not 0.
	Distance
	// Cost is what the method took.
	Cost
)

// columns are those that a Table shows unless told otherwise.
var columns = []Column{
	{"test %", "accuracy on the test set", Level, 2, func(r Result) Float { return r.TestAcc }},
	{"retained %", "accuracy on the training examples that stay", Level, 2, func(r Result) Float { return r.RetainAcc }},
	{"forgotten %", "accuracy on the examples to forget", Level, 2, func(r Result) Float { return r.ForgetAcc }},
	{"attack AUC", "area under the ROC of the loss threshold attack that tells forgotten from unseen examples; its target is retraining's value, not ½", Level, 3, func(r Result) Float { return r.MIAAUC }},
	{"excess removed", "share of the extra logit gap on forgotten examples, beyond what the model has on unseen ones, that is gone: 0 before, 1 for retraining, above 1 over-forgetting; — where the extra gap cannot be told from chance", Level, 2, func(r Result) Float { return r.ExcessRemoved }},
	{"KS", "Kolmogorov–Smirnov distance between the logit gaps of this model and of retraining on the forgotten examples", Distance, 3, func(r Result) Float { return r.KSForget }},
	{"KL", "mean Kullback–Leibler divergence from retraining's predictions on the forgotten examples, nats", Distance, 4, func(r Result) Float { return r.KLForget }},
	{"rel. distance", "distance of the parameters from retraining's, in units of what forgetting moves them: ‖u−v‖/‖w−v‖", Distance, 3, func(r Result) Float { return r.RelDist }},
	{"gradient evals", "examples × (forward and backward pass) that the method took; evaluation apart", Cost, 0, func(r Result) Float { return Float(r.GradEvals) }},
	{"of retraining", "gradient evaluations in units of replayed retraining's", Cost, 3, func(r Result) Float { return Float(r.GradEvals / r.RetrainGradEvals) }},
	{"seconds", "wall-clock time of the method", Cost, 2, func(r Result) Float { return r.Seconds }},
	{"history MB", "size of the record that the method reads, of the training run", Cost, 2, func(r Result) Float { return Float(float64(r.HistoryBytesKept) / 1e6) }},
}

// moreColumns are shown when asked for.
var moreColumns = []Column{
	{"KL (test)", "mean Kullback–Leibler divergence from retraining's predictions on the test set, nats", Distance, 4, func(r Result) Float { return r.KLTest }},
	{gapHead, "mean of the distances, in points, of the accuracies on forgotten, retained and test examples and of the attack's AUC from those of retraining with the same seed", Distance, 2, func(Result) Float { return attacks.Missing() }}, // see Table.gaps
	{"backdoor %", "share of test images of other labels, stamped as poisoned examples are, that the model takes for the label of these; — where nothing was poisoned", Level, 2, func(r Result) Float {
		if r.Backdoor == nil {
			return attacks.Missing()
		}
		return *r.Backdoor
	}},
	{"tuning, of retraining", "gradient evaluations that choosing the hyperparameters took, in units of replayed retraining's", Cost, 1, func(r Result) Float { return Float(r.TuningEvals / r.RetrainGradEvals) }},
	{"distance", "distance of the parameters from retraining's, ‖u−v‖", Distance, 4, func(r Result) Float { return r.Dist }},
	{"seconds, of retraining", "wall-clock time in units of replayed retraining's on the same machine", Cost, 2, func(r Result) Float { return r.Seconds / r.RetrainSeconds }},
}

// Columns lists the heads of the columns that a Table can show.
func Columns() []string {
	var heads []string
	for _, c := range slices.Concat(columns, moreColumns) {
		heads = append(heads, c.Head)
	}
	return heads
}

// ColumnOf returns the column with that head.
func ColumnOf(head string) (Column, error) {
	for _, c := range slices.Concat(columns, moreColumns) {
		if c.Head == head {
			return c, nil
		}
	}
	return Column{}, fmt.Errorf("bench: no column %q%s; there are %s", head, nearest.Hint(head, Columns()), strings.Join(Columns(), ", "))
}

// Select sets the columns that t shows, by their heads.
func (t *Table) Select(heads ...string) error {
	t.columns = nil
	for _, h := range heads {
		c, err := t.column(h)
		if err != nil {
			return err
		}
		t.columns = append(t.columns, c)
	}
	return nil
}

// column returns the column with that head, for the results of t.
func (t *Table) column(head string) (Column, error) {
	c, err := ColumnOf(head)
	if head == gapHead {
		c.value = t.gaps()
	}
	return c, err
}

// Shown returns the columns that t shows.
func (t *Table) Shown() []Column {
	if t.columns == nil {
		return columns
	}
	return t.columns
}

func (t *Table) headers() []string {
	h := []string{"method"}
	for _, c := range t.Shown() {
		h = append(h, c.Head)
	}
	return h
}

// Summary is what a column says of results that differ only in the seed.
type Summary struct {
	// Mean and Half are the mean and half the width of its two-sided 95%
	// t-interval, 0 for a single value; NaN where there is no value.
	Mean, Half float64
	N, Of      int // values, and results that might have had one
}

// Exists reports whether there is a value at all.
func (s Summary) Exists() bool { return s.N > 0 }

// Summary returns what the column says of results that differ only in the seed.
func (c Column) Summary(results []Result) Summary {
	x := c.values(results)
	if len(x) == 0 {
		return Summary{math.NaN(), math.NaN(), 0, len(results)}
	}
	m, half := tInterval(x)
	return Summary{m, half, len(x), len(results)}
}

// Format prints a summary of the column: the mean, ± half of the interval unless
// that rounds to 0, and from how many results the mean is where some have no value.
func (c Column) Format(s Summary) string {
	if !s.Exists() {
		return "—"
	}
	f, decimals := byte('f'), c.decimals
	if decimals > 0 && math.Abs(s.Mean) >= 1e5 { // what has diverged, in few digits
		f, decimals = 'e', 0
	}
	text := strconv.FormatFloat(s.Mean, f, decimals, 64)
	if h := strconv.FormatFloat(s.Half, f, decimals, 64); strings.ContainsAny(h, "123456789") {
		text += " ± " + h
	}
	if s.N < s.Of {
		text += fmt.Sprintf(" (%d of %d)", s.N, s.Of)
	}
	return text
}

func (c Column) format(results []Result) string { return c.Format(c.Summary(results)) }

// values returns those that are not missing. A method that could not run has
// none, not even a cost of 0.
func (c Column) values(results []Result) (x []float64) {
	for _, r := range results {
		if v := c.value(r); r.Error == "" && v.Exists() {
			x = append(x, float64(v))
		}
	}
	return x
}

// Interval returns the mean of values and half the width of its two-sided 95%
// t-interval, 0 for a single value and NaN for none.
func Interval(x []float64) (mean, half float64) {
	if len(x) == 0 {
		return math.NaN(), math.NaN()
	}
	return tInterval(x)
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
