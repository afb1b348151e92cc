package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// fingerprint is a short hash of ids, for golden values.
func fingerprint(ids ...[]int) string {
	h := sha256.New()
	for _, s := range ids {
		for _, i := range s {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(i)))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func TestDigitsBytes(t *testing.T) {
	raw, err := unpackDigits()
	require.NoError(t, err)
	sum := sha256.Sum256(raw)
	require.Equal(t, "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2", hex.EncodeToString(sum[:]), "see NOTICE.md")
}

func TestDigits(t *testing.T) {
	s := Digits()
	require.NoError(t, s.Validate())
	require.Equal(t, []int{1257, 180, 360}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})

	// The class counts of the whole, as UCI documents them for its test part.
	whole := []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}
	sum := make([]int, 10)
	var ids []int
	for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
		for c, k := range d.ClassCounts() {
			sum[c] += k
			exact := float64(whole[c]) * float64(d.Len()) / digitsRows
			require.InDelta(t, exact, k, 2, "%s, class %d", d.Name, c)
		}
		ids = append(ids, d.IDs...)
	}
	require.Equal(t, whole, sum)
	slices.Sort(ids)
	all := make([]int, digitsRows)
	countUp(all)
	require.Equal(t, all, ids, "the parts are a partition of the file")

	for _, x := range s.Train.X {
		require.True(t, x >= 0 && x <= 1 && x*16 == float32(int(x*16)), "pixel %v", x)
	}
	require.Equal(t, "68a582ba0deb25f8", fingerprint(s.Train.IDs, s.Validation.IDs, s.Test.IDs), "the split never changes")
	require.Equal(t, s, Digits())
}

func TestHoldOut(t *testing.T) {
	train, test := tiny(100, 4), tiny(20, 4)
	s := &Splits{Name: "tiny", Train: train, Validation: emptyLike(train), Test: test}
	require.NoError(t, s.Validate())
	h := s.HoldOut(20, 1)
	require.NoError(t, h.Validate())
	require.Equal(t, []int{20, 20, 20, 20}, h.Train.ClassCounts())
	require.Equal(t, []int{5, 5, 5, 5}, h.Validation.ClassCounts())
	require.Same(t, test, h.Test)
	require.Equal(t, 100, s.Train.Len(), "the receiver is unchanged")
	for i, id := range h.Validation.IDs {
		require.Equal(t, train.Row(id), h.Validation.Row(i))
	}

	// A second one adds to the first, and ids still name the original examples.
	again := h.HoldOut(8, 1)
	require.NoError(t, again.Validate())
	require.Equal(t, 28, again.Validation.Len())
	require.Equal(t, h.Validation.IDs, again.Validation.IDs[:20])
	ids := slices.Concat(again.Train.IDs, again.Validation.IDs)
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), 100)

	require.Panics(t, func() { s.HoldOut(101, 1) })
	require.Panics(t, func() { s.HoldOut(-1, 1) })
}

func TestSplitsValidate(t *testing.T) {
	base := func() *Splits {
		return &Splits{Name: "s", Train: tiny(4, 2), Validation: emptyLike(tiny(1, 2)), Test: tiny(4, 2)}
	}
	require.NoError(t, base().Validate())
	s := base()
	s.Validation = nil
	require.ErrorContains(t, s.Validate(), "validation part is nil")
	s = base()
	s.Test = tiny(4, 3)
	require.ErrorContains(t, s.Validate(), "all parts must agree")
	s = base()
	s.Test = emptyLike(s.Train)
	require.ErrorContains(t, s.Validate(), "no examples")
	s = base()
	s.Train.Y[2] = 9
	var bad *ExampleError
	require.ErrorAs(t, s.Validate(), &bad)
	require.Equal(t, 2, bad.Index)
}
