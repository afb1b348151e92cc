package audit_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// An audit of methods whose verdicts are known.
func Example() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	few, err := data.Stratified(data.Digits().Train, 120, 1)
	if err != nil {
		log.Fatal(err)
	}
	result, err := audit.Run(context.Background(), audit.Config{
		Data: few, Arch: nets.MLP(64, 64, 10),
		Train:   nets.Config{Epochs: 40, Batch: 16, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 3},
		Methods: []audit.Subject{{Method: audit.NoOp{}}, {Method: audit.Relabel{Epochs: 30}}},
		Share:   0.4, Shadows: 32, Targets: 12, Fit: attacks.Shrunk, Sensitivity: 0.4, Loss: 0.05, Dir: dir,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%-18s  %-9s  %s\n", row.Name, row.Verdict.Outcome, row.Verdict.Finding)
	}
	// Output:
	// before              failed     under-unlearned
	// retrained           passed     nothing found
	// retrain-other-seed  passed     nothing found
	// no-op               failed     under-unlearned
	// relabel             failed     over-unlearned
}
