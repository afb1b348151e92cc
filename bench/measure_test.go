package bench

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// prediction is an example's label and the probabilities of three classes.
type prediction struct {
	label      int32
	p0, p1, p2 float64
}

// predicted returns answers with those probabilities.
func predicted(list []prediction) answers {
	a := answers{classes: 3}
	for _, e := range list {
		a.labels = append(a.labels, e.label)
		a.z = append(a.z, math.Log(e.p0), math.Log(e.p1), math.Log(e.p2))
	}
	return a
}

// TestMeasure compares every measure of a row with its formula, on examples
// whose probabilities are given: those of u by their features, which the model
// passes on as they are, those of v as v's answers. No two measures that could
// be taken for each other are equal.
func TestMeasure(t *testing.T) {
	on := []prediction{
		{2, 1. / 8, 1. / 8, 3. / 4},
		{0, .4, .3, .3}, // forgotten, right
		{0, 3. / 4, 1. / 8, 1. / 8},
		{1, .6, .2, .2}, // forgotten, wrong
		{1, 1. / 8, 3. / 4, 1. / 8},
	}
	onTest := []prediction{
		{0, .45, .5, .05}, // unseen, wrong
		{1, .1, .8, .1},
		{2, .4, .3, .3}, // unseen, wrong
		{2, .6, .3, .1}, // wrong
	}
	train, test := predicted(on), predicted(onTest)
	// v is as u but for these.
	on[1], on[3], onTest[1] = prediction{0, .5, .3, .2}, prediction{1, .1, .8, .1}, prediction{1, .5, .25, .25}

	model, err := nets.NewModel(nets.Logistic(3, 3), nil, graph.Float64)
	require.NoError(t, err)
	u := model.NewVector()
	for i := range 3 {
		u.Set(3*i+i, 1) // weight = identity, bias = 0
	}
	moved := func(w *graph.Tensor, by ...float64) *graph.Tensor {
		w = w.Clone()
		for i, d := range by {
			w.Set(i, w.At(i)+d)
		}
		return w
	}
	atV := moved(u, 3, 4)
	features := func(a answers) *data.Dataset {
		ds := &data.Dataset{Name: "made", Shape: []int{3}, Classes: 3, Y: a.labels}
		for _, z := range a.z {
			ds.X = append(ds.X, float32(z))
		}
		return ds
	}
	r := &Reference{
		problem: unlearning.Problem{Run: &nets.Run{Model: model, Data: features(train), Params: moved(atV, 0, 0, 2)}},
		model:   model, test: features(test),
		forgot: []int{1, 3}, kept: []int{0, 2, 4}, unseen: []int{0, 2},
		retrained: &unlearning.Result{Params: atV}, train: predicted(on), onTest: predicted(onTest),
		before: 3, made: &Retrained{Params: atV, Floor: []float64{0.9, 1.1, 0.9, 1.1, 1}}, // ē = 1
	}
	row, err := r.Measure(t.Context(), &unlearning.Result{Method: "made", Params: u})
	require.NoError(t, err)

	ln := math.Log
	// φ = log(p/(1−p)) of the label's p.
	e := (ln(.4/.6)+ln(.2/.8))/2 - (ln(.45/.55)+ln(.3/.7))/2
	for _, c := range []struct {
		name string
		want float64
		got  Float
	}{
		{"test %", 25, row.TestAcc},
		{"retained %", 100, row.RetainAcc},
		{"forgotten %", 50, row.ForgetAcc},
		// Losses −log .4 and −log .2 against −log .45 and −log .3: one pair of four.
		{"attack AUC", 0.25, row.MIAAUC},
		{"margin excess", e, row.MarginExcess},
		{"excess removed", (3 - e) / (3 - 1), row.ExcessRemoved},
		// u's φ, log(2/3) and log(1/4), are below v's, 0 and log(4).
		{"KS", 1, row.KSForget},
		{"KL (forgotten)", (.5*ln(.5/.4) + .2*ln(.2/.3) + .1*ln(.1/.6) + .8*ln(.8/.2) + .1*ln(.1/.2)) / 2, row.KLForget},
		{"KL (test)", (.5*ln(.5/.1) + .25*ln(.25/.8) + .25*ln(.25/.1)) / 4, row.KLTest},
		{"distance", 5, row.Dist},
		{"rel. distance", 5. / 2, row.RelDist},
	} {
		require.InDelta(t, c.want, float64(c.got), 1e-6, c.name)
	}
}
