package nets_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

func TestParse(t *testing.T) {
	ds := &data.Dataset{Name: "images", Shape: []int{3, 32, 32}, Classes: 10}
	for _, c := range []struct{ spec, wantName string }{
		{"logistic", "logistic"},
		{"mlp:3072-5-10", "mlp:3072-5-10"},
		{"lenet5", "lenet5"},
		{"resnet8", "resnet8"},
		{"resnet20", "resnet20"},
		{"cnn:c16k3p1-m2-c32k3p1-m2-d64", "cnn:c16p1-m2-c32p1-m2-d64"},
		{"cnn:c08s1p0k05-a2s2-g", "cnn:c8k5-a2-g"},
		{"cnn:c4n2p1", "cnn:c4p1n2"},
		{"cnn:d7", "cnn:d7"},
	} {
		a, err := nets.Parse(c.spec, ds)
		require.NoError(t, err, c.spec)
		require.Equal(t, c.wantName, a.Name)
		require.Equal(t, 10, a.Classes)
	}
	for _, c := range []struct{ spec, wantErr string }{
		{"", `unknown architecture ""`},
		{"vgg", "known are logistic, mlp:"},
		{"resnet9", "unknown architecture"},
		{"lenet5:10", `write it without ":10"`},
		{"resnet8:", `write it without ":"`},
		{"mlp:3072", "at least an input and an output"},
		{"mlp:3072-x-10", `"x" is not a positive number`},
		{"mlp:3072-65537-10", "layer size 65537 is more than 65536"},
		{"mlp:3072-2000000000", "layer size 2000000000 is more than 65536"},
		{"cnn", `piece 1, "": nothing between the dashes; write for example cnn:`},
		{"cnn:c16--d4", `piece 2, "": nothing`},
		{"cnn:c16-x2", `piece 2, "x2": unknown kind; there are c (convolution)`},
		{"cnn:c", "after c comes a number from 1 to 65536"},
		{"cnn:c0", "after c comes a number from 1"},
		{"cnn:c16k", "after k comes a number from 1 to 255"},
		{"cnn:c16k3k3", "'k' is not an option of c"},
		{"cnn:c99999999999999999999", "from 1 to 65536"},
		{"cnn:m2p1", "'p' is not an option of m"},
		{"cnn:g3", "g takes no number"},
		{"cnn:d5-c4", `piece 2, "c4": it needs an image`},
		{"cnn:g-m2", "it needs an image"},
		{"cnn:m16-m4", "the image has shrunk to 2×2, smaller than 4×4"},
		{"cnn:c10n4", "10 channels do not form 4 groups"},
		{"cnn:c4k3p3", "windows of nothing but zeros"},
	} {
		_, err := nets.Parse(c.spec, ds)
		require.ErrorContains(t, err, c.wantErr, c.spec)
	}
	large := &data.Dataset{Name: "large", Shape: []int{3, 200, 200}, Classes: 10}
	_, err := nets.Parse("mlp:120000-65536-10", large)
	require.NoError(t, err, "as many features as the data have")
	_, err = nets.Parse("cnn:c4", tiny())
	require.ErrorContains(t, err, "a cnn takes images")
	a, err := nets.Parse("resnet8", tiny())
	require.NoError(t, err)
	require.ErrorContains(t, a.Fits(tiny()), "resnet8 takes 3072 features, but tiny has 3")
}

// FuzzParse: whatever is read is read again from its name.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"logistic", "mlp:4-5-2", "lenet5", "resnet8", "cnn:c16k3p1-m2-c32k3p1-m2-d64", "cnn:c8n4s2-a3s1-g-d2-d3", "cnn:c65536k255p254"} {
		f.Add(s)
	}
	ds := &data.Dataset{Name: "images", Shape: []int{3, 20, 30}, Classes: 4}
	f.Fuzz(func(t *testing.T, spec string) {
		a, err := nets.Parse(spec, ds)
		if err != nil {
			return
		}
		again, err := nets.Parse(a.Name, ds)
		require.NoError(t, err)
		require.Equal(t, a.Name, again.Name)
		require.Equal(t, a.Input, again.Input)
	})
}

func TestParseMLPSizesOfTheData(t *testing.T) {
	ds := &data.Dataset{Shape: []int{54}, Classes: 7}
	for spec, want := range map[string]string{"mlp:in-20-out": "mlp:54-20-7", "mlp:in-out": "mlp:54-7", "mlp:54-9-out": "mlp:54-9-7"} {
		a, err := nets.Parse(spec, ds)
		require.NoError(t, err)
		require.Equal(t, want, a.Name)
	}
	for _, spec := range []string{"mlp:out-20-in", "mlp:in", "mlp:in-in-out"} {
		_, err := nets.Parse(spec, ds)
		require.Error(t, err, spec)
	}
}
