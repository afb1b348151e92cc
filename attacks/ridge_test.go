package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// ridge holds a regression problem whose retraining without any k examples has
// a closed form: the end-to-end test of the audits against exact unlearning.
type ridge struct {
	x      *mat.Dense
	y      []float64
	d      int
	lambda float64
}

func newRidge(rng *rand.Rand, n, d int) *ridge {
	r := &ridge{x: mat.NewDense(n, d, normals(rng, 0, 1, n*d)), d: d, lambda: .5}
	truth := normals(rng, 0, 1, d)
	for i := range n {
		r.y = append(r.y, mat.Dot(r.x.RowView(i), mat.NewVecDense(d, truth))+2*rng.NormFloat64())
	}
	return r
}

// fit solves (Σ xxᵀ + λI)w = Σ yx over the rows.
func (r *ridge) fit(rows []int) *mat.VecDense {
	a, b := mat.NewSymDense(r.d, nil), mat.NewVecDense(r.d, nil)
	for k := range r.d {
		a.SetSym(k, k, r.lambda)
	}
	for _, i := range rows {
		a.SymRankOne(a, 1, r.x.RowView(i))
		b.AddScaledVec(b, r.y[i], r.x.RowView(i))
	}
	return solve(a, b)
}

// forget removes rows u from w, fitted on rows, by the leave-k-out identity
// w_R = w − A⁻¹X_Uᵀ(I − H_UU)⁻¹(y_U − X_U w), H_UU = X_U A⁻¹ X_Uᵀ.
func (r *ridge) forget(w *mat.VecDense, rows, u []int) *mat.VecDense {
	a := mat.NewSymDense(r.d, nil)
	for k := range r.d {
		a.SetSym(k, k, r.lambda)
	}
	for _, i := range rows {
		a.SymRankOne(a, 1, r.x.RowView(i))
	}
	xu := mat.NewDense(len(u), r.d, nil)
	res := mat.NewVecDense(len(u), nil)
	for k, i := range u {
		xu.SetRow(k, r.x.RawRowView(i))
		res.SetVec(k, r.y[i]-mat.Dot(r.x.RowView(i), w))
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		panic("ridge: not positive definite")
	}
	var ax, h mat.Dense
	if err := chol.SolveTo(&ax, xu.T()); err != nil {
		panic(err)
	}
	h.Mul(xu, &ax)
	m := mat.NewDense(len(u), len(u), nil)
	for i := range len(u) {
		for j := range len(u) {
			m.Set(i, j, -h.At(i, j))
		}
		m.Set(i, i, 1-h.At(i, i))
	}
	var z, step mat.VecDense
	if err := z.SolveVec(m, res); err != nil {
		panic(err)
	}
	step.MulVec(&ax, &z)
	out := mat.NewVecDense(r.d, nil)
	out.SubVec(w, &step)
	return out
}

func solve(a *mat.SymDense, b *mat.VecDense) *mat.VecDense {
	var chol mat.Cholesky
	w := mat.NewVecDense(b.Len(), nil)
	if !chol.Factorize(a) || chol.SolveVecTo(w, b) != nil {
		panic("ridge: not positive definite")
	}
	return w
}

// scores are minus the absolute residuals.
func (r *ridge) scores(w *mat.VecDense, rows []int) []float64 {
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = -math.Abs(r.y[i] - mat.Dot(r.x.RowView(i), w))
	}
	return out
}

// beyond goes from w through the exact answer by a factor.
func beyond(w, exact *mat.VecDense, factor float64) *mat.VecDense {
	out := mat.NewVecDense(w.Len(), nil)
	out.SubVec(exact, w)
	out.AddScaledVec(w, factor, out)
	return out
}

func upTo(lo, hi int) []int {
	x := make([]int, 0, hi-lo)
	for i := lo; i < hi; i++ {
		x = append(x, i)
	}
	return x
}

func TestRidgeClosedFormIsRetraining(t *testing.T) {
	r := newRidge(rand.New(rand.NewPCG(1, 1)), 80, 20)
	all, kept, u := upTo(0, 80), upTo(30, 80), upTo(0, 30)
	exact, want := r.forget(r.fit(all), all, u), r.fit(kept)
	require.True(t, mat.EqualApprox(exact, want, 1e-10))
	d, err := ParamDistances(exact.RawVector().Data, want.RawVector().Data, r.fit(all).RawVector().Data, nil)
	require.NoError(t, err)
	require.Less(t, float64(d[0].Relative), 1e-10)
}

// ridgeSize is a problem: the first forget of train rows are forgotten.
type ridgeSize struct{ train, forget, unseen, dim int }

// wide has far more dimensions than forgotten rows, so that pushing those away
// moves them more than it moves everything else.
var wide, small = ridgeSize{400, 40, 200, 160}, ridgeSize{120, 40, 40, 60}

func ridgeReport(t *testing.T, size ridgeSize, seed uint64, unlearn func(w, exact *mat.VecDense) *mat.VecDense) *Report {
	t.Helper()
	n := size.train + size.unseen
	r := newRidge(rand.New(rand.NewPCG(seed, 40)), n, size.dim)
	all, u, unseen := upTo(0, size.train), upTo(0, size.forget), upTo(size.train, n)
	w := r.fit(all)
	sample := func(w *mat.VecDense) Sample { return Sample{Forgotten: r.scores(w, u), Unseen: r.scores(w, unseen)} }
	rep, err := NewReport(sample(w), sample(r.fit(upTo(size.forget, size.train))), sample(unlearn(w, r.forget(w, all, u))), ReportConfig{})
	require.NoError(t, err)
	return rep
}

func TestRidgeEndToEnd(t *testing.T) {
	exact := ridgeReport(t, wide, 1, func(_, exact *mat.VecDense) *mat.VecDense { return exact })
	require.Greater(t, exact.Rows[0].Evaluation.AUC.Low, .5, "the model memorises")
	require.True(t, exact.Rows[2].Evaluation.AUC.Contains(.5), "%v", exact.Rows[2].Evaluation.AUC)
	require.Equal(t, NothingFound, exact.Rows[2].ToRetrained.Finding)

	noop := ridgeReport(t, wide, 1, func(w, _ *mat.VecDense) *mat.VecDense { return w })
	before, after := *noop.Rows[0].Evaluation, *noop.Rows[2].Evaluation
	after.Name = before.Name
	require.Equal(t, before, after, "doing nothing is the plain attack")
	require.Equal(t, UnderUnlearned, noop.Rows[2].ToRetrained.Finding)

	over := ridgeReport(t, wide, 1, func(w, exact *mat.VecDense) *mat.VecDense { return beyond(w, exact, 6) })
	require.Less(t, over.Rows[2].Evaluation.AUC.High, .5)
	require.Equal(t, OverUnlearned, over.Rows[2].ToRetrained.Finding)
}

func TestRidgeExactUnlearningCoverage(t *testing.T) {
	missed, failed := 0, 0
	n := trials() / 2
	for i := range n {
		rep := ridgeReport(t, small, uint64(1000+i), func(_, exact *mat.VecDense) *mat.VecDense { return exact })
		missed += miss(rep.Rows[2].Evaluation.AUC, .5)
		if rep.Rows[2].ToRetrained.Finding != NothingFound {
			failed++
		}
	}
	requireRateAtMost(t, missed, n, .05)
	require.Positive(t, missed)
	require.Zero(t, failed, "exact unlearning is retraining to rounding")
}

// ridgeShadows trains models on random thirds: In stays, Forgotten is trained
// on and removed, Out is never seen.
func ridgeShadows(models int, factor float64) *Shadows {
	rng := rand.New(rand.NewPCG(50, 50))
	const examples, extra = 60, 40
	r := newRidge(rng, examples+extra, 50)
	s := &Shadows{Models: models, Examples: examples}
	for range models {
		trained := upTo(examples, examples+extra)
		var forgotten []int
		for e := range examples {
			st := State(rng.IntN(3))
			s.State = append(s.State, st)
			if st != Out {
				trained = append(trained, e)
			}
			if st == Forgotten {
				forgotten = append(forgotten, e)
			}
		}
		w := r.fit(trained)
		w = beyond(w, r.forget(w, trained, forgotten), factor)
		s.Signal = append(s.Signal, r.scores(w, upTo(0, examples))...)
	}
	return s
}

func TestRidgeULiRA(t *testing.T) {
	for _, tc := range []struct {
		factor float64
		want   Finding
	}{{1, NothingFound}, {0, UnderUnlearned}, {.5, UnderUnlearned}, {1.8, OverUnlearned}} {
		a, b, err := SplitModels(ridgeShadows(80, tc.factor), 2)
		require.NoError(t, err)
		r, err := ULiRA{}.Audit(t.Context(), a, b)
		require.NoError(t, err)
		require.Equal(t, tc.want, r.Finding, "factor %v: privacy %v, direction %v", tc.factor, r.Privacy.AUC, r.Direction.AUC)
		switch tc.factor {
		case 1:
			require.True(t, r.Privacy.AUC.Contains(.5))
		case 0:
			require.True(t, r.Efficacy.AUC.Contains(.5))
			require.InDelta(t, r.Membership.AUC.Estimate, r.Privacy.AUC.Estimate, .03)
		}
	}
}
