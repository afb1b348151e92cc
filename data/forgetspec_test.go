package data

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		{"random:0.2", RandomForget(d, 0.2, 5).IDs()},
		{"random:1", RandomForget(d, 1, 5).IDs()},
	} {
		f, err := ParseForget(tc.spec, d, 5)
		require.NoError(t, err, tc.spec)
		require.Equal(t, tc.want, f.IDs(), tc.spec)
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
		{"ids:" + empty, ErrEmptyForget, "empty"},
		{"ids:" + empty + ".no", fs.ErrNotExist, "one id a line"},
	} {
		_, err := ParseForget(tc.spec, d, 1)
		require.ErrorIs(t, err, tc.target, tc.spec)
		require.ErrorContains(t, err, tc.want)
		require.ErrorContains(t, err, fmt.Sprintf("%q", tc.spec))
	}
}

func TestParseIDsErrors(t *testing.T) {
	for _, tc := range []struct {
		text string
		line int
		want string
	}{
		{"1\n2\nx\n", 3, `"x" is not an id`},
		{"1\n\n# c\n2 3", 4, `"2 3" is not an id`},
		{"99999999999999999999", 1, "is not an id"},
		{"1\n10\n", 2, "id 10 is not in the training set of 10 examples"},
		{"-1\n", 1, "id -1"},
		{"4\n5\n4\n", 3, "id 4 is given twice"},
		{"1\n" + strings.Repeat("7", 5000), 2, "a line above 4096 bytes"},
		{strings.Repeat("7", 4000), 1, "7…"},
	} {
		_, err := ParseIDs(strings.NewReader(tc.text), "ids.txt", 10)
		var bad *FormatError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, tc.line, bad.Line)
		require.ErrorContains(t, err, tc.want)
		require.ErrorContains(t, err, fmt.Sprintf("ids.txt:%d", tc.line))
	}
	var id *IDError
	_, err := ParseIDs(strings.NewReader("1\n1"), "f", 10)
	require.ErrorAs(t, err, &id)
	require.True(t, id.Duplicate)
	_, err = ParseIDs(strings.NewReader(""), "f", -1)
	require.Error(t, err)
}

// FuzzParseIDs: no input panics, and what is accepted is a sorted set of valid
// ids that survives being written and read again.
func FuzzParseIDs(f *testing.F) {
	for _, s := range []string{"", "1\n2\n", "# c\n\n7 # x\r\n", "5\n5\n", "-1", "1000", "999", "0x3", "+4", "\xef\xbb\xbf1", "1\x002", strings.Repeat("9", 5000)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		const n = 1000
		set, err := ParseIDs(bytes.NewReader(in), "ids.txt", n)
		if err != nil {
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Positive(t, bad.Line)
			return
		}
		ids := set.IDs()
		require.True(t, slices.IsSorted(ids))
		require.Len(t, slices.Compact(slices.Clone(ids)), set.Len())
		var out bytes.Buffer
		for _, id := range ids {
			require.True(t, id >= 0 && id < n && set.Contains(id))
			fmt.Fprintln(&out, id)
		}
		again, err := ParseIDs(&out, "ids.txt", n)
		require.NoError(t, err)
		require.Equal(t, set, again)
	})
}
