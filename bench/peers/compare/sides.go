package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

// turn is one process of a round.
type turn struct {
	side string
	env  []string
	argv []string
}

func (t turn) String() string { return t.side + ": " + strings.Join(t.argv[1:], " ") }

// plan says what the rounds measure.
type plan struct {
	nets, batches string
	threads       []int
	seconds       float64
	root, folder  string // of the module, and of the programs built
}

// hvpBatch is the batch of gradients, Hessian-vector products and stock
// Gorgonia.
const hvpBatch = "128"

// build makes the programs and returns the turns of a round, and what had to be
// left out.
func (p plan) build(ctx context.Context, log io.Writer, m *machine) ([]turn, error) {
	programs := []struct{ side, tags, path string }{
		{"default", "", "./bench/peers/ours"},
		{"openblas", "openblas", "./bench/peers/ours"},
		{"stock", "", "./bench/peers/stock"},
	}
	have := map[string]string{}
	for _, b := range programs {
		to := filepath.Join(p.folder, b.side)
		cmd := exec.CommandContext(ctx, "go", "build", "-tags", b.tags, "-o", to, b.path)
		cmd.Dir = p.root
		if b.tags != "" {
			cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		}
		if text, err := cmd.CombinedOutput(); err != nil {
			if b.side != "openblas" {
				return nil, fmt.Errorf("go build %s: %w\n%s", b.path, err, text)
			}
			p.leave(m, log, b.side, "it does not build: install a C compiler and OpenBLAS (Debian: gcc, libopenblas-dev); "+lastLine(text))
			continue
		}
		have[b.side] = to
	}
	if path := have["openblas"]; path != "" {
		m.OpenBLAS = strings.TrimSpace(output(ctx, "pkg-config", "--modversion", "openblas"))
	}
	python := filepath.Join(p.root, "bench/peers/.venv/bin/python")
	version, err := exec.CommandContext(ctx, python, "-c", "import torch; print(torch.__version__)").Output()
	if m.Torch = strings.TrimSpace(string(version)); err != nil {
		p.leave(m, log, "torch", "there is no PyTorch in bench/peers/.venv: run bench/peers/setup.sh")
	} else {
		have["torch"] = python
	}
	return p.turns(have), nil
}

func (p plan) leave(m *machine, log io.Writer, side, why string) {
	m.LeftOut = append(m.LeftOut, leftOut{side, why})
	fmt.Fprintf(log, "LEFT OUT: %s: %s\n", side, why)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// turns lists the processes of a round; those with the same number of threads
// are neighbours.
func (p plan) turns(have map[string]string) (all []turn) {
	for i, threads := range p.threads {
		n, sec := strconv.Itoa(threads), strconv.FormatFloat(p.seconds, 'g', -1, 64)
		add := func(side string, env []string, args ...string) {
			if have[side] != "" {
				all = append(all, turn{side, env, append([]string{have[side]}, args...)})
			}
		}
		common := []string{"-threads", n, "-seconds", sec, "-nets", p.nets, "-batches", p.batches, "-hvp-batches", hvpBatch}
		long := make([]string, len(common)) // Python's argparse wants two dashes
		for j, a := range common {
			if long[j] = a; a[0] == '-' {
				long[j] = "-" + a
			}
		}
		add("default", nil, append(common, "-isa", "avx2", "-what", "step,grad,hvp,gemm")...)
		add("torch", nil, append([]string{"bench/peers/torch_steps.py", "--avx2", "--what", "step,grad,hvp,gemm"}, long...)...)
		// OpenBLAS takes the kernels of the processor that it is told of.
		add("openblas", []string{"OPENBLAS_CORETYPE=Haswell"}, append(common, "-isa", "avx2", "-what", "step,grad,hvp,gemm")...)
		add("torch", nil, append([]string{"bench/peers/torch_steps.py", "--what", "step,gemm"}, long...)...)
		add("openblas", nil, append(common, "-isa", "native", "-what", "step,gemm")...)
		if nets := within(p.nets, "mlp", "lenet5"); nets != "" {
			add("stock", nil, "-threads", n, "-seconds", sec, "-nets", nets, "-batch", hvpBatch)
		}
		if i == len(p.threads)-1 && threads > 1 {
			add("default", nil, "-threads", n, "-steps", "1", "-seconds", sec, "-nets", p.nets, "-what", "many")
		}
	}
	return all
}

// within returns those of a comma-separated list that are known.
func within(list string, known ...string) string {
	var r []string
	for s := range strings.SplitSeq(list, ",") {
		for _, k := range known {
			if s == k {
				r = append(r, s)
			}
		}
	}
	return strings.Join(r, ",")
}

// take runs the process and adds its rows to f.
func (t turn) take(ctx context.Context, root string, f *run) error {
	cmd := exec.CommandContext(ctx, t.argv[0], t.argv[1:]...)
	cmd.Env = append(environ(), t.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", t, err, stderr.Bytes())
	}
	f.used += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var r timing.Row
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: printed no rows: %w", t, err)
		}
		if core := coreType(t, stderr.String()); core != "" {
			r.Kernels += " " + core
		}
		f.add(t.side, r)
	}
}

// environ is the environment without what would choose kernels or threads, and
// with OpenBLAS told to name its kernels.
func environ() []string {
	env := []string{"OPENBLAS_VERBOSE=2"}
	for _, s := range os.Environ() {
		name, _, _ := strings.Cut(s, "=")
		switch name {
		case "GOMAXPROCS", "GOGC", "GODEBUG", "GOMEMLIMIT", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OPENBLAS_VERBOSE":
			continue
		}
		env = append(env, s)
	}
	return env
}

// coreType finds the kernels that OpenBLAS says it has chosen.
func coreType(t turn, stderr string) string {
	if t.side != "openblas" {
		return ""
	}
	_, rest, _ := strings.Cut(stderr, "Core: ")
	core, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(core)
}
