package attacks

import (
	"context"
	"fmt"
)

// Querier is the only thing an attack needs of a model: logits for a batch.
// x holds n examples row-major, the answer is row-major [n, classes]. Models
// elsewhere satisfy it structurally.
type Querier interface {
	Logits(ctx context.Context, x []float32, n int) ([]float64, error)
}

// Query returns the scores of labelled examples under a model, asked in
// batches (batch 0 means 256). The row length is len(x)/len(labels).
func Query[L Label](ctx context.Context, q Querier, signal Signal, x []float32, labels []L, classes, batch int) ([]float64, error) {
	const op = "Query"
	n := len(labels)
	if n == 0 {
		return nil, failf(op, ErrEmpty, "no labels")
	}
	if len(x) == 0 || len(x)%n != 0 {
		return nil, failf(op, ErrShape, "%d values do not divide into %d examples", len(x), n)
	}
	if batch = orDefault(batch, 256); batch < 0 {
		return nil, failf(op, ErrRange, "batch is %d, want a positive number", batch)
	}
	width := len(x) / n
	scores := make([]float64, 0, n)
	for lo := 0; lo < n; lo += batch {
		hi := min(lo+batch, n)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("attacks: %s: after %d of %d examples: %w", op, lo, n, err)
		}
		logits, err := q.Logits(ctx, x[lo*width:hi*width], hi-lo)
		if err != nil {
			return nil, fmt.Errorf("attacks: %s: examples %d to %d: %w", op, lo, hi-1, err)
		}
		s, err := Scores(signal, logits, classes, labels[lo:hi])
		if err != nil {
			return nil, fmt.Errorf("attacks: %s: examples %d to %d: %w", op, lo, hi-1, err)
		}
		scores = append(scores, s...)
	}
	return scores, nil
}
