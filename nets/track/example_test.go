package track_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/nets/track"
)

func Example() {
	dir, err := os.MkdirTemp("", "track")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	csv, err := track.CSV(filepath.Join(dir, "run.csv"))
	if err != nil {
		fmt.Println(err)
		return
	}
	tb, err := track.TensorBoard(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = nets.Train(context.Background(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{
		Epochs: 2, Batch: 64, Hooks: []nets.Hook{&track.Hook{Every: 100, To: []track.Writer{csv, tb}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.csv"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range strings.Split(string(text), "\n")[:5] {
		step, rest, _ := strings.Cut(line, ",")
		tag, _, _ := strings.Cut(rest, ",")
		fmt.Println(step, tag)
	}
	// Output:
	// step tag
	// 0 loss
	// 0 lr
	// 19 epoch_loss
	// 39 epoch_loss
}
