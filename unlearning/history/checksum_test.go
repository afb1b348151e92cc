package history

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestKnown: a checksum is remembered for the same Dataset on the same arrays,
// and taken anew for any other.
func TestKnown(t *testing.T) {
	ds := data.Digits().Train
	truth := checksum(ds)
	require.Equal(t, truth, (*known)(nil).checksum(ds))
	k := know(ds, truth+1) // a wrong sum tells whether it is taken anew
	require.Equal(t, truth+1, k.checksum(ds))

	twin := *ds
	require.Equal(t, truth, k.checksum(&twin))
	for _, change := range []func(*data.Dataset){
		func(d *data.Dataset) { d.X = slices.Clone(d.X) },
		func(d *data.Dataset) { d.Y = slices.Clone(d.Y) },
		func(d *data.Dataset) { d.X = d.X[:64] },
		func(d *data.Dataset) { d.Y = d.Y[:1] },
		func(d *data.Dataset) { d.X, d.Y = nil, nil },
	} {
		d := twin
		k := know(&d, truth+1)
		require.Equal(t, truth+1, k.checksum(&d))
		change(&d)
		require.Equal(t, checksum(&d), k.checksum(&d))
	}
}

// TestChangedData: a record refuses other data, also a copy that differs in one
// value, whether it was made in this process or opened, and whether or not it has
// seen the right data. What it was recorded from is not read again.
func TestChangedData(t *testing.T) {
	ds := data.Digits().Train
	dir := t.TempDir()
	inMemory, onDisk := NewRecorder(Spaced(1)), Create(Spaced(1), dir)
	run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{Epochs: 1, Batch: 500, Hooks: []nets.Hook{inMemory, onDisk}})
	require.NoError(t, err)
	opened, err := Open(dir)
	require.NoError(t, err)

	changed := *ds
	changed.X = slices.Clone(ds.X)
	changed.X[len(changed.X)-1]++
	other := *run
	other.Data = &changed
	for range 2 {
		for _, r := range []*Record{opened, inMemory.Record(), onDisk.Record()} {
			require.ErrorIs(t, r.Check(&other), ErrMismatch)
			require.ErrorContains(t, r.Check(&other), "checksum of the data")
			require.NoError(t, r.Check(run))
		}
	}

	// Recorded from ds itself, and changed since: read-only data are not.
	x := ds.X[0]
	defer func() { ds.X[0] = x }()
	ds.X[0]++
	require.NoError(t, inMemory.Record().Check(run))
	fresh, err := Open(dir)
	require.NoError(t, err)
	require.ErrorIs(t, fresh.Check(run), ErrMismatch)
}

// TestIDs: the ids of examples choose what augmentation makes of them, and tell
// nothing apart where there is none.
func TestIDs(t *testing.T) {
	ds := data.Digits().Train
	run, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{Steps: 1, Batch: 50})
	require.NoError(t, err)
	same, other := *ds, *ds
	same.IDs, other.IDs = make([]int, ds.Len()), make([]int, ds.Len())
	for i := range same.IDs {
		same.IDs[i] = ds.ID(i)
	}
	for _, augment := range []nets.Augment{{}, {Flip: true}} {
		cfg := run.Config
		cfg.Augment = augment
		print := func(ds *data.Dataset) Fingerprint {
			return fingerprint(run.Model, run.Order, run.Steps, cfg, ds, 0, run.Initial)
		}
		require.NoError(t, print(ds).check(print(&same)))
		err := print(ds).check(print(&other))
		if !augment.Flip {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrMismatch)
		require.ErrorContains(t, err, "ids")
	}
}
