package data

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// named returns one example of shape {1} and two classes for each key.
func named(keys ...string) *Dataset {
	d := &Dataset{Name: "people", Shape: []int{1}, Classes: 2, Keys: keys}
	for i := range keys {
		d.X, d.Y = append(d.X, float32(i)), append(d.Y, int32(i%2))
	}
	return d
}

// TestIDsSurvive: whatever is made of a data set, an example keeps its id.
func TestIDsSurvive(t *testing.T) {
	numbers, words := tiny(40, 2), tiny(40, 2)
	for i := range 40 {
		numbers.IDs = append(numbers.IDs, 1000-i)
		words.Keys = append(words.Keys, "p-"+string(rune('A'+i)))
	}
	for _, d := range []*Dataset{tiny(40, 2), numbers, words} {
		require.NoError(t, d.Validate())
		key := map[float32]string{} // feature 0 says which example it is
		id := map[float32]int{}
		for i := range d.Len() {
			key[d.Row(i)[0]], id[d.Row(i)[0]] = d.Key(i), d.ID(i)
		}
		require.Len(t, id, 40)
		check := func(of *Dataset) {
			t.Helper()
			require.NoError(t, of.Validate())
			for i := range of.Len() {
				require.Equal(t, key[of.Row(i)[0]], of.Key(i))
				require.Equal(t, id[of.Row(i)[0]], of.ID(i))
			}
		}
		check(d.Subset([]int{9, 3, 3, 39}).Subset([]int{3, 0, 1}))
		rest, part, err := SplitStratified(d, 7, 1)
		require.NoError(t, err)
		check(rest)
		check(part)
		s := Splits{Train: d, Validation: emptyLike(d), Test: emptyLike(d)}
		held := s.HoldOut(5, 1).HoldOut(6, 1)
		require.Equal(t, 11, held.Validation.Len())
		check(held.Train)
		check(held.Validation)

		moved := Standardize(d)[0]
		require.Equal(t, d.Key(17), moved.Key(17))
	}
}

// TestIDBytes pins the numbers that augmentation and fingerprints are made of.
func TestIDBytes(t *testing.T) {
	d := named("p-4711", "p-0815")
	require.Equal(t, 0x600e4d555e97783, d.ID(0))
	require.Equal(t, 0x3ad7bcbd60a7d28f, d.ID(1))
	require.Equal(t, "p-0815", d.Subset([]int{1}).Key(0))
	require.Equal(t, 7, tiny(8, 2).ID(7))
	require.Equal(t, "7", tiny(8, 2).Key(7))
}

func TestForgetByID(t *testing.T) {
	d := named("p-1", "p-2", "p-3", "p-2")
	f, err := ForgetByID(d, "p-3", "p-2")
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, f.Positions(), "every example of an id")
	require.Equal(t, "ids", f.Spec)
	require.Equal(t, 4, f.N())

	// A row's number is its owner's, whatever was split off.
	part := tiny(100, 2).Subset([]int{50, 60, 70})
	f, err = ForgetByID(part, 70, 50)
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, f.Positions())
	f, err = ForgetByID(part, "60")
	require.NoError(t, err)
	require.Equal(t, []int{1}, f.Positions())
	f, err = ForgetByID[string](part)
	require.NoError(t, err)
	require.Zero(t, f.Len())
}

func TestForgetByIDErrors(t *testing.T) {
	part := tiny(100, 2).Subset([]int{50, 60, 70})
	for _, tc := range []struct {
		ds   *Dataset
		ids  []string
		want string
	}{
		{part, []string{"50", "1"}, `id "1" is not among the 3 examples of "tiny"; its ids are such as "50"; an example that a split or a subset left out`},
		{part, []string{"0060"}, `did you mean "60"?`},
		{part, []string{"a", "b", "c", "d", "e"}, `5 ids, "a", "b", "c", "d", …, are not among`},
		{tiny(5, 2), []string{"5"}, "the data came without ids, so that these are positions, from 0 to 4"},
		{emptyLike(part), []string{"5"}, "there is nothing to forget"},
		{named("P_10", "P_1"), []string{"p-01"}, `did you mean "P_1"?`},
		{named("P_10", "P_1"), []string{"-"}, `such as "P_10"`},
		{named("a", "b"), []string{"b", "b"}, `id "b" is given twice`},
		{named("a", "b"), []string{"x", "x"}, `id "x" is not among`},
	} {
		_, err := ForgetByID(tc.ds, tc.ids...)
		var bad *IDError
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, tc.want)
	}
	_, err := ForgetByID(part, 50, 70, 1, 2)
	var bad *IDError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, []string{"1", "2"}, bad.IDs)
}

func TestKeysAreValidated(t *testing.T) {
	d := named("a", "b")
	d.IDs = []int{1, 2}
	require.ErrorContains(t, d.Validate(), "both IDs and Keys are set")
	d = named("a", "b")
	d.Y, d.X = d.Y[:1], d.X[:1]
	require.ErrorContains(t, d.Validate(), "2 keys for 1 examples")
	var bad *ExampleError
	require.ErrorAs(t, named("a", "").Validate(), &bad)
	require.Equal(t, 1, bad.Index)
	d = named("a", "b\xe9")
	require.ErrorAs(t, d.Validate(), &bad)
	require.ErrorContains(t, bad, `its key "b\xe9" is not UTF-8; convert the data`)
	var none *Dataset
	require.ErrorContains(t, none.Validate(), "there is no data set")
}
