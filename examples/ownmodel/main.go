// Ownmodel forgets with an architecture and data of its own; nothing in the
// library knows either. Two noisy spirals, one of them partly mislabelled by
// mistake, are learned by a residual network with a learned scale, which then
// has to forget the mislabelled points.
//
//	go run ./examples/ownmodel
//
// The flags -engine and -device are for other engines; see docs/gpu.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	_ "github.com/miniunlearn/miniunlearn/graph/libtorch" // empty without its build tag
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ownmodel:", err)
		os.Exit(1)
	}
}

// arch is a residual network: h ← h + s·tanh(W h + b), twice. An architecture
// is a Go function from a batch x [N, 2] to logits [N, 2] over graph nodes;
// gradients, Hessian-vector products and unlearning follow from it.
func arch() nets.Arch {
	return nets.Arch{
		Name:    "spiral-resnet",
		Input:   []int{2},
		Classes: 2,
		Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
			const width = 48
			h := p.Dense("in", x, width, graph.Tanh)
			for _, block := range []string{"block1", "block2"} {
				// Dense is made of Take; parameters of any shape come from it.
				step := p.Dense(block, h, width, graph.Tanh)
				s := p.Take(block+".scale", nets.Constant(0.5))
				h = graph.AddScaled(h, s, step)
			}
			return p.Dense("out", h, 2, graph.Identity)
		},
	}
}

// spirals returns n points of two spirals with labels 0 and 1.
func spirals(name string, n int, seed uint64) *data.Dataset {
	r := rand.New(rand.NewPCG(seed, 0))
	ds := &data.Dataset{Name: name, Shape: []int{2}, Classes: 2}
	for i := range n {
		label := i % 2
		at := 0.25 + 2.5*r.Float64() // radius and angle grow together
		angle := 1.6*at + math.Pi*float64(label)
		ds.X = append(ds.X,
			float32(at*math.Cos(angle)+0.08*r.NormFloat64()),
			float32(at*math.Sin(angle)+0.08*r.NormFloat64()))
		ds.Y = append(ds.Y, int32(label))
	}
	return ds
}

func run(ctx context.Context, out io.Writer, args []string) error {
	var choice graph.Choice
	fs := flag.NewFlagSet("ownmodel", flag.ContinueOnError)
	choice.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	engine, err := choice.Open()
	if err != nil {
		return err
	}

	train, test := spirals("spirals/train", 2000, 1), spirals("spirals/test", 2000, 2)

	// The mistake: a stretch of the first spiral carries the other's label.
	var wrong []int
	for i, y := range train.Y {
		x := train.Row(i)
		if radius := math.Hypot(float64(x[0]), float64(x[1])); y == 0 && radius > 1.3 && radius < 1.8 {
			train.Y[i] = 1
			wrong = append(wrong, i)
		}
	}
	forget, err := data.ForgetPositions(train.Len(), wrong)
	if err != nil {
		return err
	}

	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(ctx, arch(), train, nets.Config{
		Epochs: 60, Batch: 50, LR: nets.Cosine(0.1), Momentum: 0.9, Seed: 1, Engine: engine, Hooks: []nets.Hook{rec},
	})
	if err != nil {
		return err
	}
	p := unlearning.Problem{Run: run, Forget: forget, History: rec.Record()}

	fmt.Fprintf(out, "%d of %d points carry the wrong label and are to be forgotten\n\n", len(wrong), train.Len())
	fmt.Fprintf(out, "%-10s  %-6s  %-24s  %s\n", "", "test", "wrong labels remembered", "gradient evaluations")
	marked := train.Subset(wrong)
	show := func(name string, params *graph.Tensor, cost float64) error {
		c := nets.Classifier{Model: run.Model, Params: params}
		right, err := c.Accuracy(ctx, test)
		if err != nil {
			return err
		}
		remembered, err := c.Accuracy(ctx, marked)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%-10s  %4.1f%%  %22.1f%%  %20.0f\n", name, right, remembered, cost)
		return err
	}
	if err := show("before", run.Params, 0); err != nil {
		return err
	}
	for _, m := range []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}} {
		res, err := m.Unlearn(ctx, p)
		if err != nil {
			return err
		}
		if err := show(res.Method, res.Params, res.GradEvals); err != nil {
			return err
		}
	}
	return nil
}
