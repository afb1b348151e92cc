// Klom scores models by KLOM from margins in EasyDUB's layout, as the public
// benchmark does, and puts its null beside it.
//
//	go run ./bench/klom -root EasyDUB-dataset -forget-set 2 -models 100
//	go run ./bench/klom -root margins -dataset digits -arch mlp -epoch 5 -kind mini
//
// For each split it prints the 95th percentile and the mean over examples of
// KL(unlearned ‖ oracle), the other direction, and what half of the models give:
// unlearned against oracles, and oracles against oracles. -kind pretrain scores the
// models that nothing was done to.
//
// The exit status is 0 when all splits were scored, 1 after an error, 2 for flags that
// cannot be read.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/easydub"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program; it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	var l easydub.Layout
	fs := flag.NewFlagSet("klom", flag.ContinueOnError)
	fs.SetOutput(stderr)
	root := fs.String("root", ".", "`folder` that holds margins/")
	kind := fs.String("kind", easydub.Pretrain, "models to score: pretrain, or a method's `name`")
	forget := fs.Int("forget-set", 1, "`number` of the forget set")
	models := fs.Int("models", attacks.KLOMModels, "`number` of models of each kind")
	fs.StringVar(&l.Dataset, "dataset", "cifar10", "`name` below margins/")
	fs.StringVar(&l.Arch, "arch", "resnet9", "`name` of the architecture's folder")
	fs.IntVar(&l.Epoch, "epoch", 23, "`number` in the files' names")
	published := fs.Bool("published", true, "drop the largest margin of each example, as the public code's bins do")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	wrong := ""
	switch {
	case fs.NArg() > 0:
		wrong = fmt.Sprintf("unexpected argument %q", fs.Arg(0))
	case *models < 2:
		wrong = fmt.Sprintf("-models %d must be at least 2", *models)
	case *forget < 0:
		wrong = fmt.Sprintf("-forget-set %d must not be negative", *forget)
	case l.Epoch < 1: // the layout takes 0 for the public data's
		wrong = fmt.Sprintf("-epoch %d must be at least 1", l.Epoch)
	}
	if wrong != "" {
		fmt.Fprintf(stderr, "klom: %s\n", wrong)
		return 2
	}
	if err := score(stdout, l, *root, *kind, *forget, *models, *published); err != nil {
		fmt.Fprintf(stderr, "klom: %v\n", err)
		return 1
	}
	return 0
}

// score prints a line for each split.
func score(out io.Writer, l easydub.Layout, root, kind string, forget, models int, published bool) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "split\texamples\tP95 KLOM\tmean\treverse P95\tmean\thalf P95\tmean\toracles P95\tmean\t")
	warning := ""
	for _, split := range easydub.Splits() {
		unlearned, n, err := l.Read(os.DirFS(root), kind, split, forget, models)
		if err != nil {
			return err
		}
		oracles, m, err := l.Read(os.DirFS(root), easydub.Oracle, split, forget, models)
		if err != nil {
			return err
		}
		if n != m {
			return fmt.Errorf("split %s: %d margins of %s models, and %d of oracles; they are of other examples", split, n, kind, m)
		}
		k, err := attacks.KLOM{Published: published}.Score(unlearned, oracles, n)
		if err != nil {
			return fmt.Errorf("split %s: %w", split, err)
		}
		fmt.Fprintf(t, "%s\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t", split, n, k.KL95, k.MeanKL, k.Reverse95, k.MeanReverse)
		if z := k.Null; z != nil {
			fmt.Fprintf(t, "%.4f\t%.4f\t%.4f\t%.4f\t\n", z.UnlearnedKL95, z.UnlearnedMeanKL, z.KL95, z.MeanKL)
		} else {
			fmt.Fprint(t, "—\t—\t—\t—\t\n")
		}
		warning = k.Warning
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if warning != "" {
		fmt.Fprintf(out, "Beware: %s.\n", warning)
	}
	return nil
}
