// Compare runs the programs of the speed tables by turns and makes the tables:
//
//	go run ./bench/peers/compare -out docs/evidence/speed.jsonl -markdown docs/performance.md
//
// The sides are this project's default build, its build with OpenBLAS, PyTorch
// in the environment that bench/peers/setup.sh makes, and stock Gorgonia. A
// side that cannot be run is left out and the tables say so. Every round runs
// every side once, in the opposite order of the round before, so that a machine
// that gets slower or faster does so for all; a ratio is the median of the
// rounds' ratios. The file is written anew after each round.
//
// With -from FILE nothing is run: the tables are made of that file. The Markdown
// goes between the marks <!-- speed:NAME --> and <!-- /speed --> of a file.
package main
