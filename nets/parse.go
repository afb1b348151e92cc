package nets

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
)

func init() {
	Register("logistic", "", ofData(func(ds *data.Dataset) Arch { return Logistic(ds.Features(), ds.Classes) }))
	Register("mlp", "IN-HIDDEN-…-OUT", parseMLP)
	Register("lenet5", "", ofData(func(ds *data.Dataset) Arch { return LeNet5(ds.Classes) }))
	Register("cnn", "PIECE-PIECE-…", func(sizes string, ds *data.Dataset) (Arch, error) { return CNN(sizes, ds.Shape, ds.Classes) })
	Register("resnet8", "", ofData(func(ds *data.Dataset) Arch { return ResNet(8, ds.Classes) }))
	Register("resnet20", "", ofData(func(ds *data.Dataset) Arch { return ResNet(20, ds.Classes) }))
}

// ofData returns the Maker of an architecture whose sizes are all the data's.
func ofData(make func(ds *data.Dataset) Arch) Maker {
	return func(_ string, ds *data.Dataset) (Arch, error) { return make(ds), nil }
}

// parseMLP is a Maker of MLPs: sizes with dashes between, of which the first may be
// "in" and the last "out".
func parseMLP(text string, ds *data.Dataset) (Arch, error) {
	var sizes []int
	parts := strings.Split(text, "-")
	for i, s := range parts {
		switch {
		case s == "in" && i == 0:
			s = strconv.Itoa(ds.Features())
		case s == "out" && i == len(parts)-1:
			s = strconv.Itoa(ds.Classes)
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return Arch{}, fmt.Errorf("layer size %q is not a positive number; write for example mlp:%d-200-%d", s, ds.Features(), ds.Classes)
		}
		if most := max(maxWidth, ds.Features(), ds.Classes); n > most {
			return Arch{}, fmt.Errorf("layer size %d is more than %d", n, most)
		}
		sizes = append(sizes, n)
	}
	if len(sizes) < 2 {
		return Arch{}, fmt.Errorf("an mlp needs at least an input and an output size; write for example mlp:%d-200-%d", ds.Features(), ds.Classes)
	}
	return MLP(sizes...), nil
}
