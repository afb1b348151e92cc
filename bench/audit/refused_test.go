package audit

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// reluctant retrains, but refuses every third time that it is asked.
type reluctant struct{ asked, refused *atomic.Int64 }

func (reluctant) Name() string                           { return "reluctant" }
func (reluctant) History(unlearning.Plan) history.Policy { return history.Policy{} }
func (m reluctant) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if m.asked.Add(1)%3 == 0 {
		m.refused.Add(1)
		return nil, fmt.Errorf("reluctant: %w", &unlearning.HarmError{Got: 0.2, Allowed: 0.1})
	}
	return unlearning.Retrain{}.Unlearn(ctx, p)
}

// TestRefused: models that a method refuses to change stay as they were, and are counted.
func TestRefused(t *testing.T) {
	c := small(t)
	m := reluctant{new(atomic.Int64), new(atomic.Int64)}
	c.Methods = []Subject{{Method: NoOp{}}, {Method: m}}
	r, err := Run(t.Context(), c)
	require.NoError(t, err)
	models := int64(c.Shadows + c.Targets)
	require.Equal(t, models, m.asked.Load())
	require.Equal(t, models/3, m.refused.Load())
	row, _ := r.Row("reluctant")
	require.EqualValues(t, m.refused.Load(), row.Refused)
	require.Contains(t, r.String(), fmt.Sprintf(" It left %d of %d models as they were.\n", row.Refused, models))
	for _, row := range r.Rows[:fixed+1] {
		require.Zero(t, row.Refused, row.Name)
	}
}
