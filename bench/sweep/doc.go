// Sweep runs experiments: for every network, forget set and seed it trains a
// base run, forgets by each method, retrains, and measures.
//
//	go run ./bench/sweep -dataset mnist -net mlp:784-200-10 -n 10000 \
//		-epochs 5 -batch 128 -lr 0.05 -momentum 0.9 -schedule cosine -weight-decay 0.0005 \
//		-forget random:0.2 -methods before,mini,retrain,retrain-other-seed,fast-retrain \
//		-seeds 1,2,3 -out results.jsonl
//
// One line of JSON for each seed and method goes to -out, or to stdout without
// it; package bench says what the fields mean, and bench/report makes tables of
// them. The lines of a cell, a network with a forget set and a seed, are written
// when it finishes: to a device, a pipe or stdout in the order of the cells; a
// file is there only when all are done, and until then its name with .part behind
// it has those that are. So an interrupt, a SIGTERM or a disk that fills up costs
// the cells that were being computed and no other. A method that cannot run, for
// want of budget or because its numbers diverge, has a line whose field "error"
// says why. All
// fields but the two last, which are times, are the same on every repetition on
// one machine, at any GOMAXPROCS and with any -workers. Times are worth reporting
// only with one worker.
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
