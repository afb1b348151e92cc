package attacks

import (
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Everything that runs in parallel gives the same bytes on any number of
// processors.
func TestWorkersChangeNoByte(t *testing.T) {
	run := func() []byte {
		rng := rand.New(rand.NewPCG(1, 9))
		u, v := models(rng, 30, 12, .3), models(rng, 30, 12, 0)
		f, err := ForgettingQuality{}.Score(u, v, 12)
		require.NoError(t, err)
		k, err := KLOM{}.Score(u, v, 12)
		require.NoError(t, err)
		l, err := LogisticAttack{}.CrossValidate(u, v, 12)
		require.NoError(t, err)
		a := audited(t, ULiRA{}, world{models: 60, examples: 20, in: 1, forgotten: .2, ragged: true}, 2)
		out, err := json.Marshal([]any{f, f.Epsilon, k, k.KL, k.W1, l, l.Members, a})
		require.NoError(t, err)
		return out
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := run()
	for _, n := range []int{2, 3, 7} {
		runtime.GOMAXPROCS(n)
		require.Equal(t, string(want), string(run()), "GOMAXPROCS %d", n)
	}
}

// The order of examples changes no byte of a whole U-LiRA audit.
func TestULiRAOrderOfExamples(t *testing.T) {
	s := world{models: 60, examples: 25, in: 1, forgotten: .2, common: .3}.draw(3)
	audit := func(s *Shadows) string {
		a, b, err := SplitModels(s, 5)
		require.NoError(t, err)
		r, err := ULiRA{Fit: Shrunk}.Audit(t.Context(), a, b)
		require.NoError(t, err)
		out, err := json.Marshal(r)
		require.NoError(t, err)
		return string(out)
	}
	require.Equal(t, audit(s), audit(reorder(s, rand.New(rand.NewPCG(8, 8)).Perm(25))))
}
