package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// BenchmarkMethod measures how long a request takes that each method of an experiment
// answers, as a sub-benchmark that benchstat can compare, such as
//
//	digits/mlp:64-128-10/mini:0.2/r=0.2
//
// or, where not a random share is forgotten, …/forget=class:3. The run is trained once,
// before, with a record of what the methods ask for; nothing is retrained and nothing
// measured but the request. Beside the time it reports what the method computed, in
// units of replayed retraining (evals/retrain), and the size of the record that it read
// (history-MB). A program calls it for each experiment once, since testing numbers
// names that come twice.
func BenchmarkMethod(b *testing.B, e Experiment) {
	e, train, forget, err := e.prepare()
	if err != nil {
		b.Fatal(err)
	}
	cfg := e.Config.WithDefaults()
	model, err := nets.NewModel(e.Arch, cfg.Engine, cfg.DType)
	if err != nil {
		b.Fatal(err)
	}
	chosen := make([]bool, len(e.Methods))
	for i := range chosen {
		chosen[i] = true
	}
	wanted, of := policies(unlearning.Plan{Model: model, Data: train, Config: cfg}, e.Methods, chosen)
	run, records, err := NoKeeper.Train(b.Context(), model, train, cfg, wanted)
	if err != nil {
		b.Fatal(err)
	}
	p := unlearning.Problem{Run: run, Forget: forget}
	for i := range e.Methods {
		x := trial{Reference: &Reference{problem: p}, methods: e.Methods, records: make([]*history.Record, len(e.Methods))}
		for j, k := range of {
			if k >= 0 {
				x.records[j] = records[k]
			}
		}
		b.Run(e.benchmarkName(i), func(b *testing.B) { x.benchmark(b, i) })
	}
}

// benchmark measures method i.
func (x *trial) benchmark(b *testing.B, i int) {
	x.results = make([]*unlearning.Result, len(x.methods))
	if j := (Experiment{Methods: x.methods}).EqualCost(i); j >= 0 { // its cost is known before
		if _, err := x.solve(context.WithoutCancel(b.Context()), j); err != nil {
			b.Fatal(err)
		}
	}
	var res *unlearning.Result
	for b.Loop() {
		var err error
		x.results[i] = nil
		if res, err = x.solve(b.Context(), i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(res.GradEvals/unlearning.RetrainCost(x.problem), "evals/retrain")
	b.ReportMetric(float64(res.BytesKept)/1e6, "history-MB")
}

// benchmarkName is "dataset/net/method/r=0.2".
func (e Experiment) benchmarkName(i int) string {
	what := "forget=" + e.Forget
	if share, ok := strings.CutPrefix(e.Forget, "random:"); ok {
		if v, err := strconv.ParseFloat(share, 64); err == nil {
			what = fmt.Sprintf("r=%g", v)
		}
	}
	parts := []string{e.Data.Name, e.Arch.Name, e.Methods[i].Name, what}
	for i, p := range parts {
		parts[i] = strings.NewReplacer("/", "_", " ", "_").Replace(p) // a slash begins the next part
	}
	return strings.Join(parts, "/")
}
