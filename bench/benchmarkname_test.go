package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

func TestBenchmarkName(t *testing.T) {
	e := Experiment{Data: &data.Splits{Name: "a/b c.csv"}, Arch: nets.Arch{Name: "mlp:6-16-2"}, Methods: []unlearning.Named{{Name: "mini:0.2"}}}
	for forget, want := range map[string]string{"random:0.20": "r=0.2", "class:3": "forget=class:3", "ids:x/y z": "forget=ids:x_y_z"} {
		e.Forget = forget
		require.Equal(t, "a_b_c.csv/mlp:6-16-2/mini:0.2/"+want, e.benchmarkName(0))
	}
}
