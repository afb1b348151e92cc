package bench

import (
	"context"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// backdoor is what a poisoned forget set may have opened.
type backdoor struct {
	stamped *data.Dataset // test images of other labels than the target
	target  int
}

// backdoorOf returns the one of a request, nil where nothing was poisoned.
func backdoorOf(p unlearning.Problem, test *data.Dataset) (*backdoor, error) {
	stamped, target, err := data.Backdoor(p.Forget.Spec, p.Run.Data, test)
	if err != nil || stamped == nil {
		return nil, err
	}
	return &backdoor{stamped, target}, nil
}

// open returns the percentage of stamped test images that a model takes for the target.
func (b *backdoor) open(ctx context.Context, c predictor) (*Float, error) {
	a, err := ask(ctx, c, b.stamped, b.stamped.Classes)
	if err != nil {
		return nil, err
	}
	taken := 0
	for i := range b.stamped.Len() {
		if row := a.row(i); slices.Index(row, slices.Max(row)) == b.target {
			taken++
		}
	}
	share := Float(100 * float64(taken) / float64(b.stamped.Len()))
	return &share, nil
}
