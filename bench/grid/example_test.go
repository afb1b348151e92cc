package grid_test

import (
	"context"
	"fmt"
	"os"

	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/graph"
)

// An experiment is run, gets one more method, and is run again: only the cells of
// that method are computed.
func Example() {
	ctx := context.Background()
	spec, err := grid.Parse([]byte(`{
		// A network of a second.
		"n": 200, "net": "mlp:64-12-10", "train": {"epochs": 2},
		"methods": ["before", "retrain"], "seeds": "1-2",
	}`), "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "grid")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	engine := graph.NewWalker(1)
	options := grid.Options{
		Folder: grid.Folder(dir + "/cells"), Engines: []graph.Engine{engine}, Cache: &grid.Cache{Dir: dir + "/cache", Limit: 1e9},
	}
	for _, methods := range [][]string{{"before", "retrain"}, {"before", "mini", "retrain"}} {
		spec.Methods = methods
		plan, err := spec.Plan(ctx, grid.PlanConfig{Engine: engine})
		if err != nil {
			fmt.Println(err)
			return
		}
		out, err := plan.Run(ctx, options)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d cells, %d computed\n", len(out.Rows), out.Computed)
	}
	// Output:
	// 4 cells, 4 computed
	// 6 cells, 2 computed
}
