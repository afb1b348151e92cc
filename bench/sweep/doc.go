// Sweep runs experiments: for every network, training, forget set and seed it trains
// a base run, forgets by each method, retrains, and measures.
//
//	go run ./bench/sweep experiment.json
//	go run ./bench/sweep -dataset mnist -net mlp:784-200-10 -n 10000 \
//		-epochs 5 -batch 128 -lr 0.05 -momentum 0.9 -schedule cosine -weight-decay 0.0005 \
//		-forget random:0.2 -methods before,mini,retrain,retrain-other-seed,fast-retrain \
//		-seeds 1-3 -out results.jsonl
//
// Package grid says what may stand in the file; -schema prints its JSON Schema for
// editors. Flags stand over the file, and the experiment as it is run stands with the
// results. -dry-run lists the cells, says which are there, and estimates the time.
//
// # Results
//
// One line of JSON for each seed and method goes to -out, in the order of the grid;
// package bench says what the fields mean, and bench/report makes tables of them. With
// an experiment NAME.json that is NAME.jsonl, and a page of the results NAME.html;
// without an experiment and -out, stdout. A method that cannot run, for want of
// budget or because its numbers diverge, has a line whose field "error" says why. All
// fields but the two last, which are times, are the same on every repetition on one
// machine, at any GOMAXPROCS and with any -workers. Times are left out unless there is
// one worker.
//
// # What survives
//
// A cell, one method with one seed, is a file in -cells as soon as it is done, and
// trained runs and retrained references are in -cache. So an interrupt, a SIGTERM, a
// power cut or a disk that fills up costs the cell that was being computed and no
// other, and the same command does the rest. One more method, seed or cost is
// computed alone; all else is read. Results of another build of this program are not
// taken for this one's: -other-builds says which are, after a change that touches no
// numbers. -fresh computes cells again that are there, -retry those whose method could
// not run. Without a file to write to, lines go to stdout and cells are not kept.
//
// # What spreads
//
// -shard i/n runs a part of the experiment, and a task of a Slurm array takes its part
// unasked. Tasks need one folder that all of them see. The one that finds all cells
// there writes the results; -collect does so at any time, with what there is.
// docs/cluster.md has the rest.
//
// On a terminal a bar says how far it is, elsewhere a line every half minute; -quiet
// has neither, and -log has the epochs of base runs. -track writes their losses and
// rates, step by step, as CSV and for TensorBoard, -mlflow to a server of MLflow.
//
// Builds with the tag libtorch take -engine libtorch -device cuda; docs/gpu.md
// says what they need. With -engine libtorch on the CPU and several workers set
// OMP_NUM_THREADS=1: each worker has as many threads as that says, and results
// depend on it.
//
// The exit status is 0 when all went well, 1 after an error, 2 for flags that
// cannot be read, and 3 when all is done but some lines say why their method
// could not run.
package main
