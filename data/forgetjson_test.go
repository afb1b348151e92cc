package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForgetJSON(t *testing.T) {
	for _, ds := range []*Dataset{named("p-1", "p-2", `q"3`, "ü 4"), tiny(30, 2).Subset([]int{9, 3, 27})} {
		f, err := ForgetByID(ds, ds.Key(2), ds.Key(0))
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, WriteForget(&b, ds, f))
		got, err := ReadForget(bytes.NewReader(append([]byte("\ufeff"), b.Bytes()...)), "f.json", ds)
		require.NoError(t, err)
		require.Equal(t, f, got)

		path := filepath.Join(t.TempDir(), "f.json")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		got, err = ParseForget("set:"+path, ds, 1)
		require.NoError(t, err)
		require.Equal(t, f.Positions(), got.Positions())

		other := *ds
		other.X = append([]float32{7}, ds.X[1:]...)
		_, err = ReadForget(bytes.NewReader(b.Bytes()), "f.json", &other)
		require.ErrorIs(t, err, ErrOtherData)

		for old, to := range map[string]string{`"ids":[`: `"ids":["nobody",`, "forget set 1": "forget set 2", `"n":`: `"m":`, "}\n": "", "}": "} more"} {
			_, err = ReadForget(strings.NewReader(strings.Replace(b.String(), old, to, 1)), "f.json", ds)
			var bad *FormatError
			require.ErrorAs(t, err, &bad, to)
		}
	}
	ds := tiny(10, 2)
	f, err := ForgetPositions(11, []int{3})
	require.NoError(t, err)
	require.Error(t, WriteForget(&bytes.Buffer{}, ds, f))
	_, err = ParseForget("set:nowhere.json", ds, 1)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestFingerprint: everything that is learned is in it, and names are not.
func TestFingerprint(t *testing.T) {
	d := named("a", "b", "c")
	same := *d
	same.Name = "other"
	require.Equal(t, d.Fingerprint(), same.Fingerprint())
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", d.Fingerprint())
	for what, change := range map[string]func(d *Dataset){
		"features": func(d *Dataset) { d.X = []float32{0, 1, 3} },
		"labels":   func(d *Dataset) { d.Y = []int32{0, 1, 1} },
		"keys":     func(d *Dataset) { d.Keys = []string{"a", "bc", ""} },
		"ids":      func(d *Dataset) { d.Keys = nil },
		"classes":  func(d *Dataset) { d.Classes = 3 },
		"shape":    func(d *Dataset) { d.Shape = []int{1, 1} },
	} {
		other := *d
		change(&other)
		require.NotEqual(t, d.Fingerprint(), other.Fingerprint(), what)
	}
	require.Equal(t, tiny(3, 2).Fingerprint(), tiny(9, 2).Subset([]int{0, 1, 2}).withClasses(2).Fingerprint(), "positions are ids")
}

func (d *Dataset) withClasses(n int) *Dataset { d.Classes = n; return d }

// FuzzReadForget: no file crashes the reader, and what it takes is a valid set.
func FuzzReadForget(f *testing.F) {
	ds := named("p-1", "p-2")
	set, err := ForgetByID(ds, "p-2")
	require.NoError(f, err)
	var b bytes.Buffer
	require.NoError(f, WriteForget(&b, ds, set))
	f.Add(b.Bytes())
	f.Add([]byte(`{"format":"miniunlearn forget set 1","ids":[1,null,{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := ReadForget(bytes.NewReader(raw), "f", ds)
		if err == nil {
			require.NoError(t, set.Validate(2))
		}
	})
}
