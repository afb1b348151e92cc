package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseIDs(t *testing.T) {
	ds := named("p-1", "p-2", "a#3", "x y", "ü")
	for _, tc := range []struct {
		text string
		want []int
	}{
		{"p-2\np-1\n", []int{0, 1}},
		{"\ufeffp-1\r\n\r\n  ü\t# why\r\n", []int{0, 4}},
		{"# a#3\na#3 #p-1\nx y", []int{2, 3}},
		{"", nil},
	} {
		f, err := ParseIDs(strings.NewReader(tc.text), "ids.txt", ds)
		require.NoError(t, err, tc.text)
		require.Equal(t, tc.want, f.Positions(), tc.text)
		require.Equal(t, "ids:ids.txt", f.Spec)
	}
	_, err := ParseIDs(strings.NewReader("p-1\n\nP_002\np-9"), "ids.txt", ds)
	require.EqualError(t, err, `data: ids.txt:3: 2 ids, "P_002", "p-9", are not among the 5 examples of "people"; did you mean "p-2"?`)
	_, err = ParseIDs(strings.NewReader("p-1\np-2\n#\np-1"), "ids.txt", ds)
	require.EqualError(t, err, `data: ids.txt:4: id "p-1" is given twice; list every id once`)
	_, err = ParseIDs(strings.NewReader("p-1\n"+strings.Repeat("p", 5000)), "ids.txt", ds)
	require.ErrorContains(t, err, "ids.txt:2: a line above 4096 bytes")
	_, err = ParseIDs(strings.NewReader("p-1\np-2\na#3\nx y\nü\np-1\np-1"), "ids.txt", ds)
	require.ErrorContains(t, err, `ids.txt:6: id "p-1" is given twice`)
}

func TestParsePositionsErrors(t *testing.T) {
	for _, tc := range []struct {
		text string
		line int
		want string
	}{
		{"1\n2\nx\n", 3, `"x" is not a position`},
		{"1\n\n# c\n2 3", 4, `"2 3" is not a position`},
		{"99999999999999999999", 1, "is not a position"},
		{"1\n10\n", 2, "position 10 is not in the training set of 10 examples"},
		{"-1\n", 1, "position -1"},
		{"4\n5\n4\n", 3, "position 4 is given twice"},
		{"1\n" + strings.Repeat("7", 5000), 2, "a line above 4096 bytes"},
		{strings.Repeat("7", 4000), 1, "7…"},
	} {
		_, err := ParsePositions(strings.NewReader(tc.text), "at.txt", 10)
		var bad *FormatError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, tc.line, bad.Line)
		require.ErrorContains(t, err, tc.want)
		require.ErrorContains(t, err, fmt.Sprintf("at.txt:%d", tc.line))
	}
	var at *PositionError
	_, err := ParsePositions(strings.NewReader("1\n1"), "f", 10)
	require.ErrorAs(t, err, &at)
	require.True(t, at.Duplicate)
	_, err = ParsePositions(strings.NewReader(""), "f", -1)
	require.Error(t, err)
}

var idFiles = []string{"", "1\n2\n", "# c\n\n7 # x\r\n", "5\n5\n", "-1", "1000", "999", "0x3", "+4", "\xef\xbb\xbf1", "1\x002", strings.Repeat("9", 5000)}

// FuzzParsePositions: no input panics, and what is accepted is a sorted set of
// valid positions that survives being written and read again.
func FuzzParsePositions(f *testing.F) {
	for _, s := range idFiles {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		const n = 1000
		set, err := ParsePositions(bytes.NewReader(in), "at.txt", n)
		if err != nil {
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Positive(t, bad.Line)
			return
		}
		at := set.Positions()
		require.True(t, slices.IsSorted(at))
		require.Len(t, slices.Compact(slices.Clone(at)), set.Len())
		var out bytes.Buffer
		for _, i := range at {
			require.True(t, i >= 0 && i < n && set.Contains(i))
			fmt.Fprintln(&out, i)
		}
		again, err := ParsePositions(&out, "at.txt", n)
		require.NoError(t, err)
		require.Equal(t, set, again)
	})
}

// FuzzParseIDs: no input panics, and what is accepted names as many examples
// as it has ids, which survive being written and read again.
func FuzzParseIDs(f *testing.F) {
	for _, s := range append(idFiles, "p-1", "a#3\n#\n x y ", "P1\n") {
		f.Add([]byte(s))
	}
	ds := named("p-1", "p-2", "a#3", "x y", "7", "999", "1")
	f.Fuzz(func(t *testing.T, in []byte) {
		set, err := ParseIDs(bytes.NewReader(in), "ids.txt", ds)
		if err != nil {
			var bad *FormatError
			require.ErrorAs(t, err, &bad)
			require.Positive(t, bad.Line)
			return
		}
		var out bytes.Buffer
		for i := range set.All() {
			fmt.Fprintln(&out, ds.Key(i))
		}
		again, err := ParseIDs(&out, "ids.txt", ds)
		require.NoError(t, err)
		require.Equal(t, set, again)
	})
}
