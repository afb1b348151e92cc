package baselines_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// obeying is SCRUB without climbing and labels.
func obeying(lr float64) baselines.SCRUB {
	return baselines.SCRUB{Steps: baselines.Steps{Cost: 0.5, Batch: 50, LR: nets.ConstantRate(lr)}, Alpha: 1, NoLabels: true, Temperature: 1, NoClimb: true}
}

// TestSCRUBDistils: with distillation only it is distillation from w_T, step by step, and
// since the student begins as its teacher nothing moves but by weight decay.
func TestSCRUBDistils(t *testing.T) {
	p := digits(t)
	got, err := obeying(0.1).Unlearn(t.Context(), p)
	require.NoError(t, err)
	m, retain := p.Run.Model.Clone(), p.Forget.Retained(p.Run.Data.Len())
	s, err := m.NewStepper(0.5, p.Run.Config.WeightDecay, p.Run.Params, nil)
	require.NoError(t, err)
	order := data.Order{Seed: purpose.Seed(p.Run.Config.Seed, purpose.ShortRun, 0), N: len(retain), Batch: 50}
	g, steps := m.NewVector(), 0
	// A step of the first pass costs 4/3 of its examples, one of a later pass its examples.
	for left := 0.5 * unlearning.RetrainCost(p); ; steps++ {
		cost := float64(len(order.Step(steps)))
		if steps < order.StepsPerEpoch() {
			cost *= 4.0 / 3
		}
		if left -= cost; left < 0 {
			break
		}
		var ids []int
		for _, k := range order.Step(steps) {
			ids = append(ids, retain[k])
		}
		z := make([]float64, 10*len(ids))
		require.NoError(t, m.LogitsAs(nets.View{}, p.Run.Params, p.Run.Data, ids, z))
		_, err = m.DistilGradient(nets.View{}, s.W, p.Run.Data, ids, z, 0, g)
		require.NoError(t, err)
		require.NoError(t, s.Step(g, 0.1))
	}
	require.Greater(t, steps, 10)
	require.InDeltaSlice(t, s.W.Float64s(), got.Params.Float64s(), 1e-13)
	require.NotEqual(t, p.Run.Params.Float64s(), got.Params.Float64s())

	// A run without weight decay stays where it is.
	p.Run.Config.WeightDecay = 0
	require.InDeltaSlice(t, p.Run.Params.Float64s(), testruns.Solve(t, obeying(0.1), p).Float64s(), 1e-12)
}

// TestSCRUBByHand: two rounds in full batches are four steps, up the distance on U and
// down its sum with the loss on the others.
func TestSCRUBByHand(t *testing.T) {
	p := digits(t)
	forgotten, retained := p.Forget.Positions(), p.Forget.Retained(p.Run.Data.Len())
	ask := 4.0/3 + 1 // of an example, for two steps
	cost := (ask*float64(len(forgotten)+len(retained)) + 1) / unlearning.RetrainCost(p)
	res, err := baselines.SCRUB{Steps: baselines.Steps{Cost: cost, Batch: 5000, LR: nets.ConstantRate(0.3)}, Alpha: 0.5, Gamma: 0.8, Temperature: 1, Rounds: 2, Climbs: 2}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.InDelta(t, ask*float64(len(forgotten)+len(retained)), res.GradEvals, 1e-6)

	m := p.Run.Model.Clone()
	s, err := m.NewStepper(0.5, p.Run.Config.WeightDecay, p.Run.Params, nil)
	require.NoError(t, err)
	kl, ce := m.NewVector(), m.NewVector()
	distance := func(ids []int) {
		z := make([]float64, 10*len(ids))
		require.NoError(t, m.LogitsAs(nets.View{}, p.Run.Params, p.Run.Data, ids, z))
		_, err = m.DistilGradient(nets.View{}, s.W, p.Run.Data, ids, z, 0, kl)
		require.NoError(t, err)
	}
	for range 2 {
		distance(forgotten)
		for i := range kl.Len() {
			kl.Set(i, -kl.At(i))
		}
		require.NoError(t, s.Step(kl, 0.3))
		distance(retained)
		_, err := m.Gradient(s.W, p.Run.Data, retained, ce)
		require.NoError(t, err)
		for i := range kl.Len() {
			kl.Set(i, 0.5*kl.At(i)+0.8*ce.At(i))
		}
		require.NoError(t, s.Step(kl, 0.3))
	}
	require.InDeltaSlice(t, s.W.Float64s(), res.Params.Float64s(), 1e-13)
}

// TestSCRUBRewind: the end that is chosen is one of the rounds', whose error on U is the
// closest to the last one's on unseen examples; without them it says what it needs.
func TestSCRUBRewind(t *testing.T) {
	p := digits(t)
	s := baselines.SCRUB{Steps: baselines.Steps{Cost: 1, LR: nets.ConstantRate(0.1)}, Rounds: 4, Climbs: 2, Rewind: true}
	_, err := s.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "scrub-rewind: rewinding needs unseen examples")
	p.Validation = data.Digits().Validation
	res, err := s.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.LessOrEqual(t, res.GradEvals, unlearning.RetrainCost(p))

	// Of w_T, of U unlearned until it is told apart, and of a last end between them.
	p.Forget, err = data.ParseForget("class:3", p.Run.Data, 1)
	require.NoError(t, err)
	far := testruns.Solve(t, baselines.NegGrad{Steps: baselines.Steps{Cost: 1, LR: nets.ConstantRate(0.1)}}, p)
	less := testruns.Solve(t, baselines.NegGrad{Steps: baselines.Steps{Cost: 1, LR: nets.ConstantRate(0.01)}}, p)
	of := func(w *graph.Tensor, ds *data.Dataset, ids []int) float64 {
		right, err := nets.Classifier{Model: p.Run.Model, Params: w}.Accuracy(t.Context(), ds.Subset(ids))
		require.NoError(t, err)
		return right
	}
	for _, ends := range [][]*graph.Tensor{{p.Run.Params, far, less}, {far, less, p.Run.Params}, {p.Run.Params, less, far}, {far, p.Run.Params}} {
		got, like, err := baselines.Rewind(p, ends...)
		require.NoError(t, err)
		for _, i := range like {
			require.EqualValues(t, 3, p.Validation.Y[i])
		}
		target := of(ends[len(ends)-1], p.Validation, like)
		for _, w := range ends {
			require.LessOrEqual(t, math.Abs(of(got, p.Run.Data, p.Forget.Positions())-target), math.Abs(of(w, p.Run.Data, p.Forget.Positions())-target))
		}
	}

	// A validation set of other data is an error, and so is one without U's classes.
	q := p
	q.Validation = testruns.Gaussian(10, 3)
	_, err = s.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "validation: ")
	q.Validation = p.Validation.Subset([]int{0})
	_, err = s.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "none of a class of the forgotten ones")
}

// TestBadTeacher: where the teacher of U knows what the other does not, the student
// learns it: in one dimension's stead, a single forgotten example ends near the
// incompetent teacher's answer while retained ones keep theirs.
func TestBadTeacher(t *testing.T) {
	p := digits(t)
	p.Forget, _ = data.ForgetPositions(p.Run.Data.Len(), []int{3, 4, 5})
	b := baselines.BadTeacher{Steps: baselines.Steps{Cost: 20, LR: nets.ConstantRate(0.2)}, Share: 0.03}
	u := testruns.Solve(t, b, p)
	bad := p.Run.Model.Init(purpose.Seed(purpose.Seed(p.Run.Config.Seed, purpose.ShortRun, 0), purpose.Incompetent, 0))
	kl := func(w *graph.Tensor) (sum float64) {
		ids := p.Forget.Positions()
		a, q := make([]float64, 10*len(ids)), make([]float64, 10*len(ids))
		require.NoError(t, p.Run.Model.LogitsAs(nets.View{}, bad, p.Run.Data, ids, a))
		require.NoError(t, p.Run.Model.LogitsAs(nets.View{}, w, p.Run.Data, ids, q))
		for i := range ids {
			pa, pq := soft(a[10*i:10*i+10]), soft(q[10*i:10*i+10])
			for c := range pa {
				sum += pa[c] * math.Log(pa[c]/pq[c])
			}
		}
		return sum
	}
	require.Less(t, kl(u), 0.1*kl(p.Run.Params))
}

func soft(z []float64) []float64 {
	p, sum := make([]float64, len(z)), 0.0
	for i, v := range z {
		p[i] = math.Exp(v)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// TestL1Sparse: without a penalty it is fine-tuning; with one, in full batches on a line,
// it is the recursion w ← w − η p, p ← p/2 + Σ x² w − Σ xy + α (1 − t/T) sign w.
func TestL1Sparse(t *testing.T) {
	p := line(t)
	xx, xy := moments(p, p.Forget.Retained(40), func(i int) int32 { return p.Run.Data.Y[i] })
	const alpha, steps = 0.02, 10
	u := testruns.Solve(t, baselines.L1Sparse{Steps: baselines.Steps{Cost: steps / 2, Batch: 32, LR: nets.ConstantRate(0.2)}, Alpha: alpha}, p)
	for k := range 2 {
		w, mom := p.Run.Params.At(k), 0.0
		for step := range steps {
			mom = mom/2 + xx*w - xy[k] + alpha*(1-float64(step)/steps)*math.Copysign(1, w)
			w -= 0.2 * mom
		}
		require.InDelta(t, w, u.At(k), 1e-14)
	}
	q := digits(t)
	same := baselines.Steps{Cost: 0.3, Batch: 40, LR: nets.ConstantRate(0.05)}
	require.Equal(t,
		testruns.Solve(t, baselines.FineTune{Short: unlearning.Short{Cost: 0.3, Batch: 40, LR: nets.ConstantRate(0.05)}}, q).Float64s(),
		testruns.Solve(t, baselines.L1Sparse{Steps: same, Alpha: 1e-300}, q).Float64s())
	small := testruns.Solve(t, baselines.L1Sparse{Steps: same, Alpha: 0.05}, q)
	var before, after float64
	for i := range small.Len() {
		before, after = before+math.Abs(q.Run.Params.At(i)), after+math.Abs(small.At(i))
	}
	require.Less(t, after, 0.9*before)
}

// TestLastLayers: only the last k layers move, all of them with as many as there are;
// EU-k begins them anew.
func TestLastLayers(t *testing.T) {
	p := digits(t)
	last := 64*16 + 16 // parameters before the second layer of two
	w, fresh := p.Run.Params.Float64s(), p.Run.Model.Init(purpose.Seed(purpose.Seed(p.Run.Config.Seed, purpose.ShortRun, 0), purpose.Afresh, 0)).Float64s()
	steps := baselines.Steps{Cost: 0.3}
	for _, m := range []unlearning.Method{baselines.CFk{Steps: steps}, baselines.EUk{Steps: steps}} {
		u := testruns.Solve(t, m, p).Float64s()
		require.Equal(t, w[:last], u[:last], m.Name())
		for i := last; i < len(u); i++ {
			require.NotEqual(t, w[i], u[i])
		}
	}
	require.Equal(t, append(append([]float64{}, w[:last]...), fresh[last:]...), testruns.Solve(t, baselines.EUk{Steps: still}, p).Float64s())
	require.Equal(t, fresh, testruns.Solve(t, baselines.EUk{Steps: still, K: 2}, p).Float64s())
	fine := baselines.FineTune{Short: unlearning.Short{Cost: 0.3, Batch: 40, LR: nets.ConstantRate(0.05)}}
	require.Equal(t, testruns.Solve(t, fine, p).Float64s(), testruns.Solve(t, baselines.CFk{Steps: baselines.Steps{Cost: 0.3, Batch: 40, LR: nets.ConstantRate(0.05)}, K: 2}, p).Float64s())
	for _, m := range []unlearning.Method{baselines.CFk{K: 3}, baselines.EUk{K: 3}, baselines.EUk{K: -1}} {
		_, err := m.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, "where mlp:64-16-10 has 2 layers")
		require.ErrorContains(t, err, m.Name())
	}
}

// TestSSD: an infinite threshold changes nothing; on a line both slopes are damped by
// the ratio of the mean squares of (w x − y) x, over all and over U.
func TestSSD(t *testing.T) {
	p := line(t)
	none, err := baselines.SSD{Alpha: math.Inf(1)}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, p.Run.Params.Float64s(), none.Params.Float64s())
	require.Equal(t, map[unlearning.Guard]int{baselines.GuardNothingDamped: 1}, none.Guards)
	res, err := baselines.SSD{Alpha: 0.5}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, 40.0, res.GradEvals)
	for k := range 2 {
		w := p.Run.Params.At(k)
		var all, forgotten float64
		for i := range 40 {
			x, y := float64(p.Run.Data.X[i]), 0.0
			if int(p.Run.Data.Y[i]) == k {
				y = 1
			}
			f := (w*x - y) * x * (w*x - y) * x
			if all += f / 40; p.Forget.Contains(i) {
				forgotten += f / 8
			}
		}
		want := w
		if forgotten > 0.5*all {
			want = w * min(all/forgotten, 1)
		}
		require.InDelta(t, want, res.Params.At(k), 1e-14)
	}
	// Parts of the examples are shared out, and their sums are the same bits.
	shared := func(workers int) []float64 {
		q := testruns.Record(t, nets.MLP(64, 16, 10), data.Digits().Train, nets.Config{Epochs: 1, Seed: 1, DType: graph.Float64, Engine: graph.NewWalker(workers)}, history.Policy{})
		q.History, q.Forget = nil, data.RandomForget(q.Run.Data, 0.2, 7)
		return testruns.Solve(t, baselines.SSD{Alpha: 1.1}, q).Float64s()
	}
	require.Equal(t, shared(1), shared(3))

	// A budget takes fewer of the others, and all of U.
	q := digits(t)
	res, err = baselines.SSD{Cost: 0.2}.Unlearn(t.Context(), q)
	require.NoError(t, err)
	require.InDelta(t, 0.2*unlearning.RetrainCost(q), res.GradEvals, 1)
	_, err = baselines.SSD{Cost: 0.1}.Unlearn(t.Context(), q)
	require.ErrorIs(t, err, unlearning.ErrBudget)
}
