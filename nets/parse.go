package nets

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Parse reads a notation for the data set that the architecture is to
// classify:
//
//	logistic                         Logistic
//	mlp:784-200-10                   MLP(784, 200, 10)
//	mlp:in-200-out                   the same, with the sizes of ds at both ends
//	lenet5                           LeNet5
//	cnn:c16k3p1-m2-c32k3p1-m2-d64    CNN, which describes the grammar
//	resnet8, resnet20                ResNet(8, …), ResNet(20, …)
//
// Letters may be large or small. The numbers of classes, and the images of a cnn, are those of ds. Sizes that
// a notation fixes itself are compared with the data by [Arch.Fits].
func Parse(spec string, ds *data.Dataset) (Arch, error) {
	kind, arg, given := strings.Cut(spec, ":")
	kind = strings.ToLower(kind)
	switch kind {
	case "mlp":
		return parseMLP(spec, arg, ds)
	case "cnn":
		a, err := CNN(arg, ds.Shape, ds.Classes)
		if err != nil {
			return Arch{}, fmt.Errorf("nets: %q: %w", spec, err)
		}
		return a, nil
	}
	if known, ok := parseFixed(kind, ds); ok {
		if given {
			return Arch{}, fmt.Errorf("nets: %q: %s has no sizes to give, write it without %q", spec, kind, ":"+arg)
		}
		return known, nil
	}
	return Arch{}, fmt.Errorf("nets: unknown architecture %q%s; known are logistic, mlp:IN-HIDDEN-…-OUT, lenet5, cnn:PIECE-PIECE-…, resnet8 and resnet20",
		spec, nearest.Hint(kind, []string{"logistic", "mlp", "lenet5", "cnn", "resnet8", "resnet20"}))
}

// parseFixed returns the architectures that are a name alone.
func parseFixed(kind string, ds *data.Dataset) (Arch, bool) {
	switch kind {
	case "logistic":
		return Logistic(ds.Features(), ds.Classes), true
	case "lenet5":
		return LeNet5(ds.Classes), true
	case "resnet8":
		return ResNet(8, ds.Classes), true
	case "resnet20":
		return ResNet(20, ds.Classes), true
	}
	return Arch{}, false
}

func parseMLP(spec, arg string, ds *data.Dataset) (Arch, error) {
	var sizes []int
	parts := strings.Split(arg, "-")
	for i, s := range parts {
		switch {
		case s == "in" && i == 0:
			s = strconv.Itoa(ds.Features())
		case s == "out" && i == len(parts)-1:
			s = strconv.Itoa(ds.Classes)
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return Arch{}, fmt.Errorf("nets: %q: layer size %q is not a positive number; write for example mlp:%d-200-%d", spec, s, ds.Features(), ds.Classes)
		}
		if most := max(maxWidth, ds.Features(), ds.Classes); n > most {
			return Arch{}, fmt.Errorf("nets: %q: layer size %d is more than %d", spec, n, most)
		}
		sizes = append(sizes, n)
	}
	if len(sizes) < 2 {
		return Arch{}, fmt.Errorf("nets: %q: an mlp needs at least an input and an output size; write for example mlp:%d-200-%d", spec, ds.Features(), ds.Classes)
	}
	return MLP(sizes...), nil
}
