package data_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// With encode=codes a column of categories is one feature, the number of the
// category, and an architecture looks up an embedding for it by graph.Rows.
func ExampleOpen_embedding() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "shops.csv")
	rows := strings.Repeat("Bonn,3,yes\nKöln,1,no\nUlm,2,yes\nBonn,1,no\n", 20)
	if err := os.WriteFile(path, []byte("city,size,open\n"+rows), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	s, err := data.Open(context.Background(), path+"?label=open&encode=codes")
	if err != nil {
		fmt.Println(err)
		return
	}
	cities := s.Train.Encoding.Table.Columns[0].Categories
	const width = 4
	arch := nets.Arch{
		Name: "embedding", Input: []int{2}, Classes: 2,
		Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
			// Column k of x is x times the k-th unit vector.
			column := func(k float64) *graph.Node {
				unit := graph.Apply(graph.OneHotOp{K: 2}, graph.View(graph.Reshape(graph.Fill(x, k), 2*x.Shape()[0]), 0, 1))
				return graph.Apply(graph.MatMulOp{TransB: true}, x, unit)
			}
			table := p.Take("cities", nets.He(1), len(cities), width)
			city := graph.Rows(table, graph.Reshape(column(0), x.Shape()[0]))
			return graph.Add(p.Dense("of the city", city, 2, graph.Identity), p.Dense("of the size", column(1), 2, graph.Identity))
		},
	}
	run, err := nets.Train(context.Background(), arch, s.Train, nets.Config{Epochs: 30, Batch: 8, LR: nets.ConstantRate(0.2), Momentum: 0.9})
	if err != nil {
		fmt.Println(err)
		return
	}
	accuracy, err := run.Classifier().Accuracy(context.Background(), s.Test)
	fmt.Println(cities, accuracy, err)
	// Output: [Bonn Köln Ulm] 100 <nil>
}
