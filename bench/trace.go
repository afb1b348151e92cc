package bench

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Row is a result, and what pictures of it need.
type Row struct {
	Result
	Trace Trace
}

// Trace is what pictures of a result need beyond its measures. Its numbers have six
// digits.
type Trace struct {
	// Losses are those of the base run: the mean training loss of each epoch.
	Losses []float64 `json:"losses,omitempty"`
	// Forgotten and Unseen are quantiles of the logit gap of the forgotten and the
	// unseen examples, evenly spaced from the least to the greatest.
	Forgotten []float64 `json:"forgotten,omitempty"`
	Unseen    []float64 `json:"unseen,omitempty"`
	// ROC is the curve of the loss threshold attack, forgotten against unseen:
	// rates of false and of true positives, thinned.
	ROC [][2]float64 `json:"roc,omitempty"`
}

// traceQuantiles is the number of quantiles of a trace.
const traceQuantiles = 65

// trace returns the trace of a model by its answers.
func (r *Reference) trace(forgot, unseen answers) (t Trace, err error) {
	if r.problem.Run.Losses != nil {
		t.Losses = digits(slices.Clone(r.problem.Run.Losses))
	}
	for _, s := range []struct {
		to *[]float64
		on answers
	}{{&t.Forgotten, forgot}, {&t.Unseen, unseen}} {
		gaps, err := s.on.signal(attacks.SignalLogitGap)
		if err != nil {
			return Trace{}, err
		}
		*s.to = digits(quantiles(gaps, traceQuantiles))
	}
	in, err := forgot.signal(attacks.SignalLoss)
	if err != nil {
		return Trace{}, err
	}
	out, err := unseen.signal(attacks.SignalLoss)
	if err != nil {
		return Trace{}, err
	}
	roc, err := attacks.NewROC(in, out)
	if err != nil {
		return Trace{}, err
	}
	t.ROC = thin(roc)
	return t, nil
}

// quantiles returns n quantiles of x, the least and the greatest among them.
func quantiles(x []float64, n int) []float64 {
	sorted := slices.Sorted(slices.Values(x))
	q := make([]float64, n)
	for i := range q {
		q[i] = stat.Quantile(float64(i)/float64(n-1), stat.Empirical, sorted, nil)
	}
	return q
}

// thin returns the points of a curve with at least a twentieth of a decade
// between their rates of false positives, and the last.
func thin(r *attacks.ROC) (points [][2]float64) {
	last := math.Inf(-1)
	for k := range r.Len() {
		at := math.Log10(r.FPR(k))
		if k+1 < r.Len() && (r.FPR(k+1) == r.FPR(k) || at < last+0.05) { // the highest of equal rates
			continue
		}
		points = append(points, [2]float64(digits([]float64{r.FPR(k), r.TPR(k)})))
		last = at
	}
	return points
}

// digits rounds numbers to six digits, and infinite ones to the greatest float32.
func digits(x []float64) []float64 {
	for i, v := range x {
		if math.IsNaN(v) {
			v = 0
		}
		v = min(max(v, -math.MaxFloat32), math.MaxFloat32)
		x[i], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // which it reads
	}
	return x
}
