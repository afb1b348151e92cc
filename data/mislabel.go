package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Mislabel returns ds with wrong labels on a share of its examples, rounded to a
// whole number of them: uniform label noise, to see what methods do with data that
// nobody has cleaned. The seed chooses the examples, and for each one of the other
// classes, all alike. The features are those of ds, not a copy. The error says so if
// share is not in [0, 1), or if there is no other class.
func Mislabel(ds *Dataset, share float64, seed uint64) (*Dataset, error) {
	if !(share >= 0 && share < 1) {
		return nil, fmt.Errorf("data: %q: a share of %g wrong labels is outside [0, 1)", ds.Name, share)
	}
	if share > 0 && ds.Classes < 2 {
		return nil, fmt.Errorf("data: %q: no label can be wrong with %d classes", ds.Name, ds.Classes)
	}
	wrong := *ds
	wrong.Y = slices.Clone(ds.Y)
	rng := purpose.Rand(seed, purpose.LabelNoise, 0)
	for _, i := range rng.Perm(ds.Len())[:int(math.Round(share*float64(ds.Len())))] {
		other := rng.Int32N(int32(ds.Classes) - 1)
		if other >= ds.Y[i] {
			other++
		}
		wrong.Y[i] = other
	}
	return &wrong, nil
}
