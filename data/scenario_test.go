package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// images are n of 1×5×6 with values 1, 2, 3 …, in classes 0, 1 … in turn.
func someImages(n, classes int) *Dataset {
	d := &Dataset{Name: "images", Shape: []int{1, 5, 6}, Classes: classes}
	for i := range n {
		d.Y = append(d.Y, int32(i%classes))
		for j := range 30 {
			d.X = append(d.X, float32(i*30+j+1))
		}
	}
	return d
}

// TestPart: so many of the class, chosen by the seed.
func TestPart(t *testing.T) {
	d := tiny(90, 3)
	f, err := ParseForget("part:0.5:1", d, 4)
	require.NoError(t, err)
	require.Equal(t, 15, f.Len())
	for i := range f.All() {
		require.EqualValues(t, 1, d.Y[i])
	}
	require.Equal(t, "part:0.5:1", f.Spec)
	other, err := ParseForget("part:0.5:1", d, 5)
	require.NoError(t, err)
	require.NotEqual(t, f.Positions(), other.Positions())
	whole, err := ParseForget("part:1:1", d, 5)
	require.NoError(t, err)
	class, err := ParseForget("class:1", d, 5)
	require.NoError(t, err)
	require.Equal(t, class.Positions(), whole.Positions())
	for _, spec := range []string{"part", "part:0:1", "part:0.5", "part:0.5:3", "part:2:1"} {
		_, err := ParseForget(spec, d, 1)
		require.ErrorIs(t, err, ErrForgetSpec, spec)
	}
}

// TestParseScenario: what is selected is what has changed, and how.
func TestParseScenario(t *testing.T) {
	d := someImages(100, 4)
	same, f, err := ParseScenario("random:0.2", d, 3)
	require.NoError(t, err)
	require.Same(t, d, same)
	require.Equal(t, RandomForget(d, 0.2, 3), f)

	for spec, check := range map[string]func(s *Dataset, i int){
		"mislabelled:0.1": func(s *Dataset, i int) { require.Equal(t, d.Row(i), s.Row(i)) },
		"confused:0.4:1:3": func(s *Dataset, i int) {
			require.Equal(t, 4, int(d.Y[i]+s.Y[i]))
			require.Equal(t, d.Row(i), s.Row(i))
		},
		"poisoned:0.2:2": func(s *Dataset, i int) {
			require.EqualValues(t, 2, s.Y[i])
			changed := 0
			for j, v := range s.Row(i) {
				if v != d.Row(i)[j] {
					require.EqualValues(t, 3000, v)
					y, x := j/6, j%6
					require.True(t, y >= 1 && y <= 3 && x >= 2 && x <= 4)
					changed++
				}
			}
			require.Positive(t, changed)
		},
	} {
		s, f, err := ParseScenario(spec, d, 3)
		require.NoError(t, err, spec)
		require.Equal(t, spec, f.Spec)
		require.Equal(t, map[string]int{"mislabelled:0.1": 10, "confused:0.4:1:3": 20, "poisoned:0.2:2": 20}[spec], f.Len())
		for i := range d.Len() {
			if f.Contains(i) {
				require.NotEqual(t, d.Y[i], s.Y[i])
				check(s, i)
				continue
			}
			require.Equal(t, d.Y[i], s.Y[i])
			require.Equal(t, d.Row(i), s.Row(i))
		}
		again, g, err := ParseScenario(spec, d, 3)
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, f, g)
		_, g, err = ParseScenario(spec, d, 4)
		require.NoError(t, err)
		require.NotEqual(t, f.Positions(), g.Positions())
	}
	require.Equal(t, someImages(100, 4), d, "the data that were given have changed")

	for spec, want := range map[string]string{
		"mislabelled:1":      "is not a share",
		"mislabelled:x":      "is not a share",
		"mislabelled:0.1:3":  "takes no label",
		"mislabelled:0.0001": "forget set is empty",
		"confused:0.5:1":     `"" is not a label`,
		"confused:0.5:1:1":   "with itself",
		"confused:0.5:7:1":   `"7" is not a label`,
		"poisoned:0.5":       `"" is not a label`,
		"poisoned:0.5:9":     `"9" is not a label`,
		"nothing:1":          "unknown kind",
	} {
		_, _, err := ParseScenario(spec, d, 3)
		require.ErrorContains(t, err, want, spec)
		require.ErrorContains(t, err, spec)
	}
	_, _, err = ParseScenario("poisoned:0.1:0", tiny(20, 3), 3)
	require.ErrorContains(t, err, "a stamp needs images")
	_, err = ParseForget("poisoned:0.1:0", d, 3)
	require.ErrorContains(t, err, "made before they are trained on")
	_, err = Stamp(d, []int{100}, 1)
	require.ErrorContains(t, err, "100")
	// What shows a backdoor has the stamp and is not of its label.
	s, f, err := ParseScenario("poisoned:0.2:2", d, 3)
	require.NoError(t, err)
	stamped, target, err := Backdoor("poisoned:0.2:2", s, d)
	require.NoError(t, err)
	require.Equal(t, 2, target)
	require.Equal(t, d.Len()-d.ClassCounts()[2], stamped.Len())
	require.Zero(t, stamped.ClassCounts()[2])
	at := f.Positions()[0]
	for i := range stamped.Len() {
		if stamped.ID(i) == at {
			require.Equal(t, s.Row(at), stamped.Row(i), "stamped as in training")
		}
	}
	stamped, _, err = Backdoor("random:0.2", d, d)
	require.NoError(t, err)
	require.Nil(t, stamped)
	_, _, err = Backdoor("poisoned:0.2:9", d, d)
	require.ErrorIs(t, err, ErrForgetSpec)
	_, _, err = Backdoor("poisoned:0.2:0", d, d.Subset([]int{0, 4}))
	require.ErrorContains(t, err, "all test examples have its label")
	list, err := SplitForgets("confused:0.5:1:3,part:0.5:3,mislabelled:0.1")
	require.NoError(t, err)
	require.True(t, slices.Equal([]string{"confused:0.5:1:3", "part:0.5:3", "mislabelled:0.1"}, list))
}
