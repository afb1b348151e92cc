// Sweep runs experiments: for every network, forget set and seed it trains a
// base run, forgets by each method, retrains, and measures.
//
//	go run ./bench/sweep -dataset mnist -net mlp:784-200-10 -n 10000 \
//		-epochs 5 -batch 128 -lr 0.05 -momentum 0.9 -schedule cosine -weight-decay 0.0005 \
//		-forget random:0.2 -methods before,mini,retrain,retrain-other-seed,fast-retrain \
//		-seeds 1,2,3 -out results.jsonl
//
// One line of JSON for each seed and method goes to -out, a file that is there
// only when all are done, or a device or pipe, or to stdout without it; package
// bench says what the fields mean, and bench/report makes tables of them. All
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
// cannot be read.
package main
