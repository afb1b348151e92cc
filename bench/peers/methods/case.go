package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// question is a case as the script reads it: from where, which examples in which order,
// and by which hyperparameters.
type question struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	Arch   string `json:"arch"`
	Input  []int  `json:"input"`
	Start  string `json:"start"` // file of w_T
	Other  string `json:"other"` // and of what the method begins anew from; "" where it does not

	X      []float64 `json:"x"`
	Y      []int32   `json:"y"`
	Forget []int     `json:"forget"`
	Batch  [][]int   `json:"batch"`  // the examples of each step
	Labels [][]int32 `json:"labels"` // and their labels, where the method draws some
	Steps  int       `json:"steps"`  // of the method in all, of which the first are compared
	Rates  []float64 `json:"rates"`  // the learning rate of each
	Like   []int     `json:"like"`   // retained examples that U is compared with, where the method draws some

	// Where the method looks at them: unseen examples, and the run's logit gradients
	// [n, Classes].
	UnseenX []float64   `json:"unseen_x"`
	UnseenY []int32     `json:"unseen_y"`
	Learned [][]float64 `json:"learned"`

	Rate        float64 `json:"rate"` // of the first step
	Momentum    float64 `json:"momentum"`
	Decay       float64 `json:"decay"`
	Alpha       float64 `json:"alpha"`
	Gamma       float64 `json:"gamma"`
	Temperature float64 `json:"temperature"`
	Share       float64 `json:"share"`
	Lambda      float64 `json:"lam"`
	Damping     float64 `json:"damping"`
	Every       int     `json:"every"`
	Clip        float64 `json:"clip"`
	Slow        float64 `json:"slow"`

	Alphas []float64 `json:"alphas"` // of the parts
}

// compared is the number of steps that are compared, at least.
const compared = 10

// known is a case with what the toolkit makes of it.
type known struct {
	question
	from, to *graph.Tensor // before and after the steps
	model    *nets.Model
}

// run is a small network's, of the first digits.
func run(ctx context.Context, arch nets.Arch, shape []int) (*nets.Run, *history.Record, error) {
	recorder := history.NewRecorder(history.LogitGradients())
	r, err := nets.Train(ctx, arch, digits(0, 300, shape), nets.Config{
		Epochs: 6, Batch: 30, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 4, DType: graph.Float64,
		Hooks: []nets.Hook{recorder},
	})
	if err != nil {
		return nil, nil, err
	}
	return r, recorder.Record(), nil
}

// digits are some of the digits as images of a shape.
func digits(from, to int, shape []int) *data.Dataset {
	var ids []int
	for i := from; i < to; i++ {
		ids = append(ids, i)
	}
	ds := data.Digits().Train.Subset(ids)
	ds.Shape = shape
	return ds
}

// steps are those of the cases: rates that do not change, and batches of 16.
var steps = baselines.Steps{Cost: 1, Batch: 16, LR: nets.ConstantRate(0.02), Seed: 9}

// methods are what is compared, each with its hyperparameters.
var methods = []struct {
	method unlearning.Method
	set    question
	dense  bool // of the mlp alone
	conv   bool // of the cnn alone
	whole  bool // all steps are compared
}{
	{method: baselines.NegGrad{Steps: steps, Epochs: 10}},
	{method: baselines.NegGradPlus{Steps: steps, Alpha: 0.8}, set: question{Alpha: 0.8}},
	{method: baselines.RandomLabels{Steps: steps}},
	{method: baselines.SalUn{Steps: steps, Share: 0.5}, set: question{Share: 0.5}},
	{method: baselines.SCRUB{Steps: few(0.15), Alpha: 0.4, Gamma: 0.7, Temperature: 3, Rounds: 3}, set: question{Alpha: 0.4, Gamma: 0.7, Temperature: 3}},
	{
		method: baselines.SCRUB{Steps: at(few(0.3), 0.12), Alpha: 0.4, Gamma: 0.7, Temperature: 3, Rounds: 4, Climbs: 4, Rewind: true},
		set:    question{Alpha: 0.4, Gamma: 0.7, Temperature: 3}, whole: true,
	},
	{method: baselines.BadTeacher{Steps: steps}},
	{method: baselines.L1Sparse{Steps: steps, Alpha: 0.003}, set: question{Alpha: 0.003}},
	{method: baselines.CFk{Steps: steps}},
	{method: baselines.EUk{Steps: steps}},
	{method: baselines.CT{Steps: steps}, conv: true},
	{method: baselines.MSG{Steps: steps, Share: 0.4, Slow: 0.2}, set: question{Share: 0.4, Slow: 0.2}},
	{
		method: baselines.SFRon{Steps: few(0.3), Alpha: 2, Every: 2, Lambda: 0.6, Gamma: 1.5, Clip: 1.1},
		set:    question{Alpha: 2, Every: 2, Lambda: 0.6, Gamma: 1.5, Clip: 1.1},
	},
	{
		method: baselines.RUM{Cost: 0.25, Seed: steps.Seed, Methods: []unlearning.Method{
			baselines.NegGradPlus{Steps: steps, Alpha: 0.9}, baselines.NegGradPlus{Steps: steps, Alpha: 0.8}, baselines.NegGradPlus{Steps: at(steps, 0.005), Alpha: 0.7},
		}},
		set: question{Alphas: []float64{0.9, 0.8, 0.7}}, whole: true,
	},
	{method: baselines.SSD{Alpha: 1.2, Lambda: 0.7, Seed: steps.Seed}, set: question{Alpha: 1.2, Lambda: 0.7}},
	{method: baselines.Influence{Iterations: 400, Tolerance: 1e-12, Damping: 2, Seed: steps.Seed}, set: question{Damping: 2}, dense: true},
}

// few returns the steps at another cost.
func few(cost float64) baselines.Steps {
	s := steps
	s.Cost = cost
	return s
}

// at returns steps at another rate.
func at(s baselines.Steps, rate float64) baselines.Steps {
	s.LR = nets.ConstantRate(rate)
	return s
}

// cases writes the cases for the script into a folder, and returns them with what the
// toolkit makes of them.
func cases(ctx context.Context, dir string) (all []known, err error) {
	conv, err := nets.CNN("c4k3p1-m2-c8k3p1-m2-d16", []int{1, 8, 8}, 10)
	if err != nil {
		return nil, err
	}
	for _, net := range []struct {
		name string
		arch nets.Arch
	}{{"mlp", nets.MLP(64, 32, 10)}, {"cnn", conv}} {
		shape := net.arch.Input
		r, record, err := run(ctx, net.arch, shape)
		if err != nil {
			return nil, err
		}
		p := unlearning.Problem{Run: r, History: record, Forget: data.RandomForget(r.Data, 0.15, 7), Validation: digits(300, 500, shape)}
		start := net.name + ".safetensors"
		if err := r.Model.SaveParams(filepath.Join(dir, start), r.Params); err != nil {
			return nil, err
		}
		for _, m := range methods {
			if m.dense && net.name != "mlp" || m.conv && net.name != "cnn" {
				continue
			}
			k := known{question: m.set, from: r.Params, model: r.Model}
			k.Method, k.Arch, k.Input, k.Start = m.method.Name(), net.name, shape, start
			k.Name = k.Method + "-" + net.name
			if err := k.solve(ctx, m.method, p, m.whole, dir); err != nil {
				return nil, fmt.Errorf("%s: %w", k.Name, err)
			}
			all = append(all, k)
		}
	}
	questions := make([]question, len(all))
	for i, k := range all {
		questions[i] = k.question
	}
	raw, err := json.Marshal(questions)
	if err != nil {
		return nil, err
	}
	return all, os.WriteFile(filepath.Join(dir, "cases.json"), raw, 0o644)
}

// solve solves the problem by the method, and notes its first steps, or all.
func (k *known) solve(ctx context.Context, m unlearning.Method, p unlearning.Problem, whole bool, dir string) error {
	ds, cfg := p.Run.Data, p.Run.Config
	k.X, k.Y = numbers(ds)
	k.Forget, k.Momentum, k.Decay = p.Forget.Positions(), defaults.TrainingMomentum, cfg.WeightDecay
	res, err := unlearning.Solve(baselines.Watch(ctx, func(s baselines.Step) {
		switch n := len(k.Batch); {
		case n == 0:
			k.Rate, k.Steps, k.from = s.Rate, s.N, s.Params.Clone()
		case n == compared && !whole:
			if k.to == nil {
				k.to = s.Params.Clone()
			}
			return
		}
		k.Batch = append(k.Batch, slices.Clone(s.IDs))
		k.Labels = append(k.Labels, slices.Clone(s.Examples.Labels))
		k.Rates = append(k.Rates, s.Rate)
	}), m, p)
	if err != nil {
		return err
	}
	if k.to == nil { // all steps are compared, or there are none
		k.to, k.Steps = res.Params, len(k.Batch)
	}
	if n := len(k.Batch); n != 0 && n < compared {
		return fmt.Errorf("it takes %d steps, fewer than the %d that are compared", n, compared)
	}
	return k.drawn(p, dir)
}

// drawn notes what the method has drawn or looked at beside its steps.
func (k *known) drawn(p unlearning.Problem, dir string) error {
	seed := purpose.Seed(steps.Seed, purpose.ShortRun, 0)
	var other *graph.Tensor // what the method begins anew from
	switch k.Method {
	case "eu-k":
		other = k.from
	case "bad-teacher":
		other = p.Run.Model.Init(purpose.Seed(seed, purpose.Incompetent, 0))
	case "msg":
		other = p.Run.Model.Init(purpose.Seed(seed, purpose.Afresh, 0))
	}
	switch k.Method {
	case "msg", "sfr-on":
		retain := p.Forget.Retained(p.Run.Data.Len())
		for _, i := range purpose.Rand(seed, purpose.Subset, 0).Perm(len(retain))[:len(k.Forget)] {
			k.Like = append(k.Like, retain[i])
		}
	case "scrub-rewind":
		k.UnseenX, k.UnseenY = numbers(p.Validation)
	case "rum":
		alpha, _, err := p.History.LogitGradients()
		if err != nil {
			return err
		}
		for i := range alpha.Shape()[0] {
			row := make([]float64, alpha.Shape()[1])
			for c := range row {
				row[c] = alpha.At(i*len(row) + c)
			}
			k.Learned = append(k.Learned, row)
		}
	}
	if other == nil {
		return nil
	}
	k.Other = k.Name + ".other.safetensors"
	return p.Run.Model.SaveParams(filepath.Join(dir, k.Other), other)
}

// numbers returns a data set as the script reads it.
func numbers(ds *data.Dataset) (x []float64, y []int32) {
	for _, v := range ds.X {
		x = append(x, float64(v))
	}
	return x, ds.Y
}

// answer is what the script says of a case and a peer.
type answer struct {
	Case    string `json:"case"`
	Peer    string `json:"peer"`
	File    string `json:"file"`    // of the parameters
	Missing string `json:"missing"` // why there are none
}

// comparison is how far two implementations end from each other.
type comparison struct {
	answer
	// Apart is ‖ours − theirs‖ over what the steps move; NaN where there is no answer.
	Apart float64
	Steps int // compared; 0 for a method without steps
}

// compare reads the answers of a folder.
func compare(dir string, all []known) (rows []comparison, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, "answers.json"))
	if err != nil {
		return nil, err
	}
	var answers []answer
	if err := json.Unmarshal(raw, &answers); err != nil {
		return nil, fmt.Errorf("answers.json: %w", err)
	}
	for _, a := range answers {
		i := slices.IndexFunc(all, func(k known) bool { return k.Name == a.Case })
		if i < 0 {
			return nil, fmt.Errorf("answers.json: no case is called %q", a.Case)
		}
		k, row := all[i], comparison{answer: a, Apart: math.NaN(), Steps: len(all[i].Batch)}
		if a.File != "" {
			theirs, err := k.model.LoadParams(filepath.Join(dir, a.File))
			if err != nil {
				return nil, err
			}
			row.Apart = vector.Distance(k.to, theirs) / vector.Distance(k.to, k.from)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
