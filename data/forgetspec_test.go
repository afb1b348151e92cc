package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseForget(t *testing.T) {
	d := tiny(20, 3)
	file := filepath.Join(t.TempDir(), "ids.txt")
	require.NoError(t, os.WriteFile(file, []byte("# mine\n7\n\n 2 # why\r\n"), 0o600))
	for _, tc := range []struct {
		spec string
		want []int
	}{
		{"class:2", []int{2, 5, 8, 11, 14, 17}},
		{"first:3", []int{0, 1, 2}},
		{"ids:" + file, []int{2, 7}},
		{"positions:" + file, []int{2, 7}},
		{"random:0.2", RandomForget(d, 0.2, 5).Positions()},
		{"random:1", RandomForget(d, 1, 5).Positions()},
	} {
		f, err := ParseForget(tc.spec, d, 5)
		require.NoError(t, err, tc.spec)
		require.Equal(t, tc.want, f.Positions(), tc.spec)
		require.Equal(t, tc.spec, f.Spec)
		require.NoError(t, f.Validate(20))
	}
}

func TestParseForgetErrors(t *testing.T) {
	d := tiny(20, 3)
	d.Classes = 4 // the last one without examples
	empty := filepath.Join(t.TempDir(), "empty.txt")
	require.NoError(t, os.WriteFile(empty, []byte("# nothing\n"), 0o600))
	for _, tc := range []struct {
		spec   string
		target error
		want   string
	}{
		{"", ErrForgetSpec, `unknown kind ""`},
		{"half", ErrForgetSpec, `unknown kind "half"`},
		{"random:x", ErrForgetSpec, "share"},
		{"random:NaN", ErrForgetSpec, "share"},
		{"random:0", ErrForgetSpec, "share"},
		{"random:1.5", ErrForgetSpec, "share"},
		{"random:0.001", ErrEmptyForget, "20 training examples"},
		{"class:4", ErrForgetSpec, "label from 0 to 3"},
		{"class:-1", ErrForgetSpec, "label"},
		{"class:3", ErrEmptyForget, "empty"},
		{"first:0", ErrEmptyForget, "empty"},
		{"first:21", ErrForgetSpec, "count from 1 to 20"},
		{"first:", ErrForgetSpec, "count"},
		{"ids:", ErrForgetSpec, "no file"},
		{"positions:", ErrForgetSpec, "no file"},
		{"positions:" + empty, ErrEmptyForget, "empty"},
		{"ids:" + t.TempDir(), nil, "it is a folder"},
		{"ids:" + empty, ErrEmptyForget, "empty"},
		{"ids:" + empty + ".no", fs.ErrNotExist, "with one a line"},
	} {
		_, err := ParseForget(tc.spec, d, 1)
		if tc.target != nil {
			require.ErrorIs(t, err, tc.target, tc.spec)
		}
		require.ErrorContains(t, err, tc.want)
		require.ErrorContains(t, err, fmt.Sprintf("%q", tc.spec))
	}
}

func TestSplitForgets(t *testing.T) {
	for list, want := range map[string][]string{
		"random:0.2":                       {"random:0.2"},
		"random:0.2, class:3,first:7":      {"random:0.2", "class:3", "first:7"},
		"ids:a,b.txt,where:city=Bonn, NRW": {"ids:a,b.txt", "where:city=Bonn, NRW"},
		"positions:x:y,z,random:0.1":       {"positions:x:y,z", "random:0.1"},
		"nonsense":                         {"nonsense"},
	} {
		got, err := SplitForgets(list)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, list := range []string{"", "random:0.2,", ",random:0.2", "random:0.2,,class:1"} {
		_, err := SplitForgets(list)
		require.ErrorContains(t, err, "has an empty item", list)
	}
}

// FuzzParseForget: no specification panics, and what is accepted is a set of the data's
// examples that is not empty.
func FuzzParseForget(f *testing.F) {
	for _, s := range []string{"random:0.2", "random:1e-300", "class:1", "class:-1", "first:3", "first:99999999999999999999", "where:a=b", "ids:", "set:x", "positions:.", ":", "Random:0.5", "random:NaN"} {
		f.Add(s, uint64(1))
	}
	ds := named("p-1", "p-2", "a#3", "x y", "7")
	f.Fuzz(func(t *testing.T, spec string, seed uint64) {
		set, err := ParseForget(spec, ds, seed)
		if err != nil {
			return
		}
		require.NoError(t, set.Validate(ds.Len()))
		require.Positive(t, set.Len())
		lists, err := SplitForgets(spec)
		require.NoError(t, err)
		require.NotEmpty(t, lists)
	})
}
