package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// planted keeps a share of what retaining adds.
func (w world) planted(d *Design, share float32) func(m, e, q int, z []float32) {
	all := w.kept(d)
	return func(m, e, q int, z []float32) {
		y := d.Labels[e]
		was := z[y]
		all(m, e, q, z)
		z[y] = was + share*(z[y]-was)
	}
}

// between is share·a + (1−share)·b.
func between(share float32, a, b *Answers) *Answers {
	out := &Answers{}
	for q, z := range a.Logits {
		x := make([]float32, len(z))
		for i := range x {
			x[i] = share*z[i] + (1-share)*b.Logits[q][i]
		}
		out.Logits = append(out.Logits, x)
	}
	return out
}

// TestKept: a share that was planted into replayed retraining comes out, also one that a
// verdict finds nothing of; all of it is kept before unlearning, and nothing by
// retraining.
func TestKept(t *testing.T) {
	w, c := small, Config{Seed: 5}
	d := w.design(5)
	replayed, before := w.answers(d, 7, nil), w.answers(d, 7, w.kept(d))
	kept := func(method *Answers) *Kept {
		t.Helper()
		k, err := c.Kept(t.Context(), d, Models{Method: method, Reference: replayed, Before: before})
		require.NoError(t, err)
		return k
	}
	for _, share := range []float32{1, 0.3, 0.03, -0.03, -0.3} {
		k := kept(w.answers(d, 7, w.planted(d, share)))
		require.InEpsilon(t, share, float64(k.Share.Value), 0.25, "of %g: %+v", share, k)
		require.LessOrEqual(t, k.P, 0.002, share)
		require.True(t, k.Share.outside(), share)
	}
	v, err := c.Judge(t.Context(), d, Models{Method: w.answers(d, 7, w.planted(d, 0.03)), Reference: w.answers(d, 8, nil), Before: before})
	require.NoError(t, err)
	require.Equal(t, Undecided, v.Outcome)
	// Of other seeds no less is found than there is, but not so little.
	k := kept(w.answers(d, 9, w.planted(d, 0.6)))
	require.InDelta(t, 0.6, float64(k.Share.Value), 0.25)
	require.LessOrEqual(t, k.P, 0.05)
	require.Greater(t, kept(w.answers(d, 9, w.planted(d, 0.03))).P, 0.05)

	same := kept(replayed)
	require.EqualValues(t, 1, same.P)
	require.Equal(t, Measure{0, 0, 0}, same.Share)

	// Where nothing is shown before, nothing is a share of it.
	k, err = c.Kept(t.Context(), d, Models{Method: before, Reference: replayed, Before: replayed})
	require.NoError(t, err)
	require.False(t, k.Share.Value.Exists())
	require.LessOrEqual(t, k.P, 0.002)

	_, err = c.Kept(t.Context(), d, Models{Method: before, Before: before})
	require.ErrorIs(t, err, attacks.ErrEmpty)
	require.ErrorContains(t, err, "of replayed retraining")
}

// TestKeptNull: of what retraining leaves a share is found no more often than the level
// says, whatever it has in common with the replayed models, and where both are surer the
// more they forgot.
func TestKeptNull(t *testing.T) {
	n := trials(200, 2000)
	for _, count := range []float64{0, 0.4} {
		w := small
		w.count = count
		for _, common := range []float32{0, 0.5, 0.98} {
			found := 0
			for i := range uint64(n) {
				d := w.design(i)
				replayed := w.answers(d, 3*i, nil)
				method := between(common, replayed, w.answers(d, 3*i+1, nil))
				k, err := Config{Level: .8, Deals: 99, Seed: i}.Kept(t.Context(), d, Models{Method: method, Reference: replayed, Before: w.answers(d, 3*i+2, w.kept(d))})
				require.NoError(t, err)
				if k.P <= 0.2 {
					found++
				}
			}
			t.Logf("%g in common, %g by count: %d of %d at nominal 0.2", common, count, found, n)
			requireRateAtMost(t, found, n, 0.2, "kept")
			require.Greater(t, found, n/20, "a test that never rejects has no level")
		}
	}
}
