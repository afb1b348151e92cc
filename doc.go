// Package miniunlearn is the front page of a toolkit for machine unlearning on
// Gorgonia's computation graphs; the packages below it do the work.
//
// A model was trained on n examples and has to forget some of them, from one to half.
// The undisputed answer is to train again without them. The toolkit comes close to that
// model for a part of the work, from a small part of the training run's history, and
// measures how close: by accuracy, by distance, by membership attacks, by cost.
//
//	ds := data.Digits()
//	rec := history.NewRecorder(history.LogitGradients())
//	run, err := nets.Train(ctx, nets.MLP(64, 128, 10), ds.Train, nets.Config{Epochs: 40, Hooks: []nets.Hook{rec}})
//	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds.Train, 0.2, 7), History: rec.Record()}
//	res, err := unlearning.Mini{}.Unlearn(ctx, p)
//	table, err := bench.Evaluate(ctx, p, ds.Test, res) // beside before, retrained, another seed, fast retraining
//
// # Packages, from the data to the page
//
//	data                    data sets, ids, sets to forget, the order of the batches
//	graph                   differentiable ops, gradients to any order, engines
//	nets                    architectures as values, training with hooks
//	unlearning/history      what a run leaves for later: the record, in memory or in a folder
//	unlearning/contraction  the loop that Mini is made of, in three parts
//	unlearning              requests to forget, methods, results; Mini
//	unlearning/baselines    published methods, to compare with
//	unlearning/ledger       requests over time, in many processes, with a journal
//	attacks                 membership attacks, on plain slices
//	bench                   measures of a method beside retraining
//	bench/grid              experiments that are files, resumed and spread
//	bench/audit             audits with shadow models, and their verdicts
//
// # Commands
//
//	go run ./bench/sweep experiment.json      runs an experiment, or the rest of it
//	go run ./bench/report -html p.html FILE   makes pages, figures and tables
//	go run ./bench/auditrun                   audits methods
//	go run ./data/fetch -list                 lists data sets that can be fetched
//
// Begin with docs/tutorial.md, which goes from an empty folder to a forgotten row, an
// audit and a page, or with examples/quickstart. docs/architecture.md has every file in
// a line, docs/method.md the mathematics, docs/evidence what was measured.
package miniunlearn
