package data

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithout: after deletions, one after the other, every batch holds the
// examples that it held, in their order, without the deleted ones.
func TestWithout(t *testing.T) {
	const n = 53
	for _, batch := range []int{1, 7, 10, 53, 99} {
		whole := Order{Seed: 4, N: n, Batch: batch}
		names := make([]int, n) // of the examples that are left
		countUp(names)
		o := whole
		for round, gone := range [][]int{{}, {0}, {3, 20, 51}, {5, 6, 7, 8, 9, 10, 11}} {
			f, err := ForgetPositions(o.Len(), gone)
			require.NoError(t, err)
			o = o.Without(f)
			for _, i := range slices.Backward(gone) {
				names = slices.Delete(names, i, i+1)
			}
			require.NoError(t, o.Validate())
			require.Equal(t, len(names), o.Len())
			require.Equal(t, whole.StepsPerEpoch(), o.StepsPerEpoch())
			from, to := o.StepsPerEpoch(), 3*o.StepsPerEpoch()
			for s, b := range o.Steps(from, to) {
				want := []int{}
				for _, name := range whole.Step(s) {
					if slices.Contains(names, name) {
						want = append(want, name)
					}
				}
				got := []int{}
				for _, i := range b {
					got = append(got, names[i])
					require.Equal(t, names[i], o.Position(i))
				}
				require.Equal(t, want, got, "round %d, batches of %d, step %d", round, batch, s)
				require.Equal(t, len(b), cap(b))
				require.Equal(t, o.Step(s), b)
			}
			perm := o.Epoch(1)
			slices.Sort(perm)
			all := make([]int, o.Len())
			countUp(all)
			require.Equal(t, all, perm)
		}
		require.Equal(t, []int{0, 4, 7, 8, 9, 10, 11, 12, 13, 21, 52}, o.Holes.Positions())
	}
}

// TestHolesJSON: an order comes back equal, and one without holes is written as it
// always was.
func TestHolesJSON(t *testing.T) {
	o := Order{Seed: 1, N: 100, Batch: 10}
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, `{"Seed":1,"N":100,"Batch":10}`, string(raw))
	o = o.Without(mustForget(100, []int{3, 99, 64}, ""))
	raw, err = json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, `{"Seed":1,"N":100,"Batch":10,"Holes":[3,64,99]}`, string(raw))
	var back Order
	require.NoError(t, json.Unmarshal(raw, &back))
	require.True(t, back == o)
	require.Contains(t, fmt.Sprintf("%+v", o), "Holes:3 holes")
	for _, bad := range []string{`[3,3]`, `[4,3]`, `[-1]`, `[99999999999]`, `7`, `["a"]`} {
		require.Error(t, json.Unmarshal([]byte(bad), &back.Holes), bad)
	}
}

func TestHolesValidate(t *testing.T) {
	require.ErrorContains(t, Order{N: 3, Batch: 1, Holes: makeHoles([]int{3})}.Validate(), "up to position 3")
	require.ErrorContains(t, Order{N: 2, Batch: 1, Holes: makeHoles([]int{0, 1})}.Validate(), "2 holes")
	require.Panics(t, func() { Order{N: 3, Batch: 1}.Without(mustForget(4, []int{1}, "")) })
	require.False(t, Holes{}.Contains(-1))
}
