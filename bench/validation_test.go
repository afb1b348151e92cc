package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// TestValidation: the part that the data have, else training examples that the run has
// not, else none.
func TestValidation(t *testing.T) {
	ds := data.Digits()
	few, err := data.Stratified(ds.Train, 300, 1)
	require.NoError(t, err)
	require.Same(t, ds.Validation, validation(ds, few, 1))

	none := *ds
	none.Validation = &data.Dataset{Name: "none", Shape: ds.Train.Shape, Classes: 10}
	require.Nil(t, validation(&none, ds.Train, 1))
	left := validation(&none, few, 1)
	require.Equal(t, 300, left.Len())
	trained := map[int]bool{}
	for i := range few.Len() {
		trained[few.ID(i)] = true
	}
	for i := range left.Len() {
		require.False(t, trained[left.ID(i)])
	}
	require.NotEqual(t, left.IDs, validation(&none, few, 2).IDs)
	most, err := data.Stratified(ds.Train, ds.Train.Len()-5, 1)
	require.NoError(t, err)
	require.Equal(t, 5, validation(&none, most, 1).Len())
}
