package nets_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

func init() { // and not in the test, which may run twice
	nets.Register("twin-test", "WIDTH", func(sizes string, ds *data.Dataset) (nets.Arch, error) {
		switch sizes {
		case "none":
			return nets.Arch{}, nil
		case "7":
			a := nets.MLP(ds.Features(), 7, 7, ds.Classes)
			a.Name = "twin-test:7"
			return a, nil
		}
		return nets.Arch{}, errors.New("seven it is")
	})
}

// TestRegister: an architecture of another package is read like those that are here.
func TestRegister(t *testing.T) {
	require.Contains(t, nets.Names(), "twin-test:WIDTH")
	require.Equal(t, []string{"logistic", "mlp:IN-HIDDEN-…-OUT", "lenet5", "cnn:PIECE-PIECE-…", "resnet8", "resnet20"}, nets.Names()[:6])
	a, err := nets.Parse("Twin-Test:7", tiny())
	require.NoError(t, err)
	require.Equal(t, "twin-test:7", a.Name)
	_, err = nets.Parse("twin-test", tiny())
	require.EqualError(t, err, `nets: "twin-test": seven it is`)
	_, err = nets.Parse("twin-test:none", tiny())
	require.ErrorContains(t, err, "made an architecture without Logits")
	_, err = nets.Parse("twin-tset", tiny())
	require.ErrorContains(t, err, `unknown architecture "twin-tset"; did you mean twin-test?; known are logistic, mlp:IN-HIDDEN-…-OUT, lenet5, cnn:PIECE-PIECE-…, resnet8, resnet20 and twin-test:WIDTH`)
	make := func(string, *data.Dataset) (nets.Arch, error) { return nets.Arch{}, nil }
	require.PanicsWithValue(t, `nets: Register("no-maker"): there is no Maker`, func() { nets.Register("no-maker", "", nil) })
	for name, want := range map[string]string{"mlp": `architecture "mlp" is registered twice`, "": `Register("")`, "Two": "lower-case letters"} {
		func() {
			defer func() { require.True(t, strings.Contains(recover().(string), want), name) }()
			nets.Register(name, "", make)
		}()
	}
}
