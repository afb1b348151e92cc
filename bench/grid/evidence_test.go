package grid

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/jsonc"

	_ "github.com/miniunlearn/miniunlearn/unlearning/tune" // names its method
)

// TestEvidence: the experiments behind the evidence can be read, and of the cells of the robustness
// grid all were tuned on, and none of those that judge it.
func TestEvidence(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("experiment.schema.json", doc))
	schema, err := compiler.Compile("experiment.schema.json")
	require.NoError(t, err)
	files, err := filepath.Glob("../../docs/evidence/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(jsonc.ToJSON(text))))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(v), file)
		spec, err := Parse(text, file)
		require.NoError(t, err)
		grids, err := spec.All()
		require.NoError(t, err)
		cells := map[string]int{} // requests but for their seeds, by use
		for _, g := range grids {
			x, err := g.product()
			require.NoError(t, err, file)
			cells[g.Use] += int(x.cells()) / len(x.methods) / len(x.Seeds)
		}
		switch filepath.Base(file) {
		case "grid.json":
			require.GreaterOrEqual(t, len(spec.Seeds), 3)
			require.GreaterOrEqual(t, cells[UseTuning], 60)
			require.Len(t, cells, 1)
		case "grid-fresh.json":
			require.GreaterOrEqual(t, len(spec.Seeds), 3)
			require.GreaterOrEqual(t, cells[UseJudgement], 30)
			require.Len(t, cells, 1)
		}
	}
}
