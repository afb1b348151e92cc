// Stock times training steps of Gorgonia v0.9.18 as it comes: its own ops, its own
// symbolic gradient, its tape machine and its momentum solver. It prints the same JSON
// lines as torch_steps.py:
//
//	go run ./bench/peers/stock -threads 1
//
// There is no Hessian-vector product: the derivative of Gorgonia's softmax panics when it
// is differentiated again.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func main() {
	threads := flag.Int("threads", 1, "`n` for GOMAXPROCS, Gorgonia's only control")
	steps := flag.Int("steps", 0, "timed steps; 0: as many as fit into -seconds")
	seconds := flag.Float64("seconds", 2, "time for each row")
	batch := flag.Int("batch", 128, "examples in a batch")
	nets := flag.String("nets", "mlp,lenet5", "comma-separated, of mlp, lenet5")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	for name := range strings.SplitSeq(*nets, ",") {
		if err := measure(os.Stdout, name, *batch, *threads, timing.Plan{Steps: *steps, Seconds: *seconds}); err != nil {
			fmt.Fprintf(os.Stderr, "stock: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

// measure times whole steps: bind, run the graph forward and backward, update, reset.
func measure(w io.Writer, name string, batch, threads int, plan timing.Plan) error {
	build, ok := builders[name]
	if !ok {
		return fmt.Errorf("unknown net: want mlp or lenet5")
	}
	if batch < 1 || threads < 1 || plan.Steps < 0 || !(plan.Seconds > 0) {
		return fmt.Errorf("-batch %d, -threads %d, -steps %d, -seconds %g: want at least 1, 1, 0 and more than 0", batch, threads, plan.Steps, plan.Seconds)
	}
	n := build(batch)
	cost := n.crossEntropy()
	if _, err := gorgonia.Grad(cost, n.params...); err != nil {
		return err
	}
	vm := gorgonia.NewTapeMachine(n.g, gorgonia.BindDualValues(n.params...))
	defer vm.Close()
	solver := gorgonia.NewMomentum(gorgonia.WithLearnRate(1e-3), gorgonia.WithMomentum(0.9), gorgonia.WithL2Reg(5e-4))
	x, y := data(n.x.Shape(), batch)

	step := func() error {
		if err := gorgonia.Let(n.x, x); err != nil {
			return err
		}
		if err := gorgonia.Let(n.y, y); err != nil {
			return err
		}
		if err := vm.RunAll(); err != nil {
			return err
		}
		if err := solver.Step(gorgonia.NodesToValueGrads(n.params)); err != nil {
			return err
		}
		vm.Reset()
		return nil
	}
	r, err := plan.Measure(batch, step)
	if err != nil {
		return err
	}
	r.What, r.Net, r.Batch, r.Threads, r.ISA = "step", name, batch, threads, "native"
	r.Peer = "gorgonia v0.9.18"
	return json.NewEncoder(w).Encode(r)
}

// data is a batch of noise with labels in turn: the timing does not depend on what is learnt.
func data(shape tensor.Shape, batch int) (x, y *tensor.Dense) {
	rng := rand.New(rand.NewPCG(1, 2))
	pixels := make([]float32, shape.TotalSize())
	for i := range pixels {
		pixels[i] = float32(rng.NormFloat64())
	}
	labels := make([]float32, batch*classes)
	for i := range batch {
		labels[i*classes+i%classes] = 1
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(pixels)),
		tensor.New(tensor.WithShape(batch, classes), tensor.WithBacking(labels))
}
