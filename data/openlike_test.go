package data

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/stretchr/testify/require"
)

// same requires that every example that is left is what it was, in the part where it
// was.
func same(t *testing.T, before, after *Splits, gone ...string) {
	t.Helper()
	left := 0
	for p, d := range []*Dataset{before.Train, before.Validation, before.Test} {
		now := []*Dataset{after.Train, after.Validation, after.Test}[p]
		for i := range d.Len() {
			if slices.Contains(gone, d.Key(i)) {
				continue
			}
			k := 0
			for k < now.Len() && now.Key(k) != d.Key(i) {
				k++
			}
			require.Less(t, k, now.Len(), "%s is no longer in part %d", d.Key(i), p)
			require.Equal(t, d.Row(i), now.Row(k))
			require.Equal(t, d.Y[i], now.Y[k])
			left++
		}
		require.Equal(t, d.Classes, now.Classes)
	}
	require.Equal(t, left, after.Train.Len()+after.Validation.Len()+after.Test.Len())
	require.Equal(t, before.Train.Encoding, after.Train.Encoding)
}

// stored is an encoding as it comes back from a file.
func stored(t *testing.T, e *Encoding) *Encoding {
	t.Helper()
	raw, err := json.Marshal(e)
	require.NoError(t, err)
	var back Encoding
	require.NoError(t, json.Unmarshal(raw, &back))
	return &back
}

// TestOpenFewerImages: images that are left stay in their parts when others are
// deleted, and means are not measured anew; also where a class loses its last image.
func TestOpenFewerImages(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir, 20, 4, "cat", "dog", "eel")
	before, err := Open(t.Context(), "images:"+dir+"?test=0.25&validation=0.1&standardize=yes")
	require.NoError(t, err)
	gone := []string{before.Train.Key(0), before.Train.Key(3), before.Train.Key(17)}
	for _, d := range []*Dataset{before.Train, before.Validation, before.Test} {
		for i, y := range d.Y {
			if d.ClassName(int(y)) == "dog" {
				gone = append(gone, d.Key(i))
			}
		}
	}
	for _, name := range gone {
		_ = os.Remove(filepath.Join(dir, name))
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "dog")))
	after, err := stored(t, before.Train.Encoding).Open(t.Context(), "images:"+dir+"?test=0.25&validation=0.1&standardize=yes")
	require.NoError(t, err)
	same(t, before, after, gone...)

	pictures(t, dir, 2, 4, "fox")
	_, err = before.Train.Encoding.Open(t.Context(), dir)
	require.ErrorContains(t, err, `no training image has the class "fox"`)
}

// TestOpenFewerArrays: the same for arrays.
func TestOpenFewerArrays(t *testing.T) {
	file := func(keep func(i int64) bool) string {
		path := filepath.Join(t.TempDir(), "a.npz")
		var x, y, ids []int64
		for i := range int64(100) {
			if keep(i) {
				x, y, ids = append(x, i, -i), append(y, 3+i%2), append(ids, 1000+i)
			}
		}
		w, err := npz.Create(path)
		require.NoError(t, err)
		pairs := make([][2]int64, len(y))
		for i := range pairs {
			pairs[i] = [2]int64(x[2*i:])
		}
		// The writer takes arrays of fixed length.
		switch len(y) {
		case 100:
			require.NoError(t, w.Write("x", [100][2]int64(pairs)))
			require.NoError(t, w.Write("y", [100]int64(y)))
			require.NoError(t, w.Write("who", [100]int64(ids)))
		case 93:
			require.NoError(t, w.Write("x", [93][2]int64(pairs)))
			require.NoError(t, w.Write("y", [93]int64(y)))
			require.NoError(t, w.Write("who", [93]int64(ids)))
		}
		require.NoError(t, w.Close())
		return path + "?id=who&test=0.3&validation=0.1&standardize=yes"
	}
	before, err := Open(t.Context(), file(func(int64) bool { return true }))
	require.NoError(t, err)
	var gone []string
	fewer := file(func(i int64) bool {
		if i%15 == 3 {
			gone = append(gone, (&Dataset{IDs: []int{int(1000 + i)}}).Key(0))
		}
		return i%15 != 3
	})
	require.Len(t, gone, 7)
	after, err := stored(t, before.Train.Encoding).Open(t.Context(), fewer)
	require.NoError(t, err)
	same(t, before, after, gone...)
}
