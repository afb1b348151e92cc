package unlearning_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// falling is a learning rate that is multiplied by factor every so many steps.
type falling struct {
	peak, factor float64
	every        int
}

func (f falling) Rate(t, _ int) float64 { return f.peak * math.Pow(f.factor, float64(t/f.every)) }
func (f falling) String() string        { return fmt.Sprintf("falling:%g:%g:%d", f.peak, f.factor, f.every) }

// TestFallingRates: epochs that hardly move, or not at all, are no knots beside
// others, and what they add to a run adds nothing to the error.
func TestFallingRates(t *testing.T) {
	methods := []unlearning.Method{
		unlearning.Mini{}, unlearning.Recursion{}, unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 20}},
	}
	for _, lr := range []falling{{0.3, 0, 32}, {0.3, 0.1, 4}} {
		for _, policy := range []history.Policy{history.All(), history.EveryEpochs(4)} {
			for _, m := range methods {
				short := testruns.Logistic(t, 0, nets.Config{Epochs: 8, LR: lr}, policy)
				long := testruns.Logistic(t, 0, nets.Config{Epochs: 24, LR: lr}, policy)
				short.Forget = data.RandomForget(short.Run.Data, 0.2, 3)
				long.Forget = short.Forget
				require.Less(t, testruns.Lost(t, m, long), 1.1*testruns.Lost(t, m, short)+1e-3, "%s, %s, %+v", lr, policy, m)
			}
		}
	}
	still := testruns.Logistic(t, 0, nets.Config{Epochs: 8, LR: falling{0, 1, 1}}, history.EveryEpochs(4))
	still.Forget = data.RandomForget(still.Run.Data, 0.2, 3)
	for _, m := range methods {
		require.Equal(t, still.Run.Params.Float32s(), testruns.Solve(t, m, still).Float32s())
	}
}
