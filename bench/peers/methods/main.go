// Methods compares methods of unlearning/baselines with other implementations, step by
// step: from the same parameters, on the same batches and by the same hyperparameters, they
// have to end in the same place.
//
//	bench/peers/setup.sh                # once: .venv with PyTorch and the packages
//	go run ./bench/peers/methods
//
// The others are packages from PyPI, where these have the published method, and in any case
// its published equations in a few lines of PyTorch: bench/peers/torch_methods.py. All
// compute in float64, on a small mlp and a small cnn for the digits. The exit status is 1 if
// two are further apart than rounding, or a package is missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// rounding is how far two implementations may be apart, relative to what the steps move,
// in float64.
const rounding = 1e-9

func main() {
	peers := flag.String("peers", "bench/peers", "`folder` of torch_methods.py and .venv")
	flag.Parse()
	if err := report(context.Background(), os.Stdout, *peers); err != nil {
		fmt.Fprintln(os.Stderr, "methods:", err)
		os.Exit(1)
	}
}

// errApart: not all is equal, as the table says.
var errApart = errors.New("not all implementations agree")

// report prints a table of the comparisons.
func report(ctx context.Context, w io.Writer, peers string) error {
	dir, err := os.MkdirTemp("", "methods")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows, err := ask(ctx, dir, peers)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "| case | other implementation | steps | apart, of what they move |\n|---|---|---:|---:|")
	for _, r := range rows {
		value := fmt.Sprintf("%.1e", r.Apart)
		if r.Missing != "" {
			value = r.Missing
		}
		if !(r.Apart < rounding) { // NaN too
			err = errApart
		}
		fmt.Fprintf(w, "| %s | %s | %d | %s |\n", r.Case, r.Peer, r.Steps, value)
	}
	return err
}

// ask writes the cases into a folder, has the script answer them, and compares.
func ask(ctx context.Context, dir, peers string) ([]comparison, error) {
	all, err := cases(ctx, dir)
	if err != nil {
		return nil, err
	}
	python := filepath.Join(peers, ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return nil, fmt.Errorf("no Python at %s; run bench/peers/setup.sh: %w", python, err)
	}
	if out, err := exec.CommandContext(ctx, python, filepath.Join(peers, "torch_methods.py"), dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("torch_methods.py: %w\n%s", err, out)
	}
	return compare(dir, all)
}
