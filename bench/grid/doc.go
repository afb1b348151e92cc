// Package grid runs experiments that are files: grids over data, network, training,
// forget set, method, cost and seed, that survive what happens to machines and
// spread over many of them.
//
// An experiment is JSON, in which comments are allowed. Every list may be a single
// value, every field may be left out, and seeds may have ranges:
//
//	{
//	  // Two networks, one of them with a training of its own.
//	  "n": 1000, "train": {"epochs": 10}, "seeds": "1-10",
//	  "methods": ["before", "mini:{cost}", "retrain"], "costs": [0.1, 0.2],
//	  "grids": [
//	    {"net": "logistic", "forget": ["random:0.1", "class:3"]},
//	    {"net": "mlp:64-128-10", "train": {"lr": [0.05, 0.1]}}
//	  ]
//	}
//
// [Read] reads the file as a [Spec], [Spec.Plan] checks it and lists its cells, and
// [Plan.Run] computes those that are not there: a [Cell] is one method in one
// request, and becomes one line of results.
//
//	spec, err := grid.Read("experiment.json")
//	plan, err := spec.Plan(ctx, grid.PlanConfig{Engine: engine})
//	out, err := plan.Run(ctx, grid.Options{Folder: "experiment.cells", Engines: []graph.Engine{engine}})
//	err = bench.WriteFile("experiment.jsonl", out.Results())
//
// # What survives
//
// A finished cell is a file in a [Folder], named by a hash of all that decides it: the
// content of the data, network, training, forget set, seed, the method's settings,
// the engine, and the program itself. So whoever runs the same experiment again
// computes what is missing, whoever adds a method, a seed or a cost computes what is
// new, and whoever changes the code gets new numbers ([Reuse] says otherwise). A file
// is whole when it appears, and carries a checksum; one that is damaged is computed
// again. A method that cannot run is a cell too, which says why.
//
// A [Cache] holds what cells share and what takes the time: trained runs with their
// records, and retrained references. It keeps to a size, and nothing is lost with it.
//
// # What spreads
//
// A [Shard] is a part of the requests. Tasks with different shards, or even the same
// one, may run on any machines that see the folder: two that compute one cell write
// the same file. Lines of results are in the order of the grid, however many
// workers and tasks there were.
package grid
