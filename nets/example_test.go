package nets_test

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Train a small network on the digits and ask how well it does.
func Example() {
	ctx, ds := context.Background(), data.Digits()
	run, err := nets.Train(ctx, nets.MLP(64, 128, 10), ds.Train, nets.Config{
		Epochs: 8, Momentum: 0.9, LR: nets.Cosine(0.05), WeightDecay: 5e-4, Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	acc, err := run.Classifier().Accuracy(ctx, ds.Test)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Steps, "steps,", run.GradEvals, "gradient evaluations")
	fmt.Println("above 95%:", acc > 95)
	// Output:
	// 160 steps, 10056 gradient evaluations
	// above 95%: true
}

// An architecture of one's own is a literal: any function of p's parameters
// and the images.
func ExampleArch() {
	ds := data.Digits()
	arch := nets.Arch{
		Name: "two-paths", Input: []int{1, 8, 8}, Classes: 10,
		Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
			wide := p.Conv("wide", x, 8, 5, graph.ConvConfig{Pad: 2})
			fine := p.Conv("fine", x, 8, 3, graph.ConvConfig{Pad: 1})
			both := p.GroupNorm("norm", graph.Add(wide, fine), 4, graph.ReLU)
			return p.Dense("fc", graph.MaxPool2D(both, 2, 0), 10, graph.Identity)
		},
	}
	run, err := nets.Train(context.Background(), arch, ds.Train, nets.Config{Epochs: 3, Momentum: 0.9, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Model.Size(), "parameters, loss below a fifth:", run.Losses[2] < 0.2)
	// Output: 1578 parameters, loss below a fifth: true
}

// Train the same network from several seeds side by side.
func ExampleTrainMany() {
	ds := data.Digits()
	var jobs []nets.Job
	for seed := range uint64(4) {
		jobs = append(jobs, nets.Job{Arch: nets.Logistic(64, 10), Data: ds.Train, Config: nets.Config{Epochs: 5, Momentum: 0.9, Seed: seed}})
	}
	for run, err := range nets.TrainMany(context.Background(), jobs, 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		acc, err := run.Classifier().Accuracy(context.Background(), ds.Test)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("seed", run.Config.Seed, "above 85%:", acc > 85)
	}
	// Output:
	// seed 0 above 85%: true
	// seed 1 above 85%: true
	// seed 2 above 85%: true
	// seed 3 above 85%: true
}
