package contraction_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

const features = 4

// system is a run of a linear model with squared error, whose Hessian over examples
// is the mean of their x xᵀ, on noise; a third of it is to be forgotten.
func system(t *testing.T) *contraction.System {
	ds := testruns.Gaussian(60, features)
	p := testruns.Record(t, testruns.Quadratic(features), ds, nets.Config{
		Epochs: 3, Batch: 16, LR: nets.Cosine(0.3), Momentum: 0.7, WeightDecay: 0.05, Seed: 2, DType: graph.Float64,
	}, history.All())
	return contraction.NewSystem(p.Run, data.RandomForget(ds, 0.3, 3), p.History)
}

// hessian returns the mean of x xᵀ over examples.
func hessian(ds *data.Dataset, ids []int) *mat.Dense {
	h := mat.NewDense(features, features, nil)
	for _, i := range ids {
		x := make([]float64, features)
		for j, v := range ds.Row(i) {
			x[j] = float64(v)
		}
		var o mat.Dense
		o.Outer(1/float64(len(ids)), mat.NewVecDense(features, x), mat.NewVecDense(features, x))
		h.Add(h, &o)
	}
	return h
}

// ownCurvature multiplies with the Hessian of the quadratic itself.
type ownCurvature struct{}

func (ownCurvature) String() string { return "own" }

func (ownCurvature) Start(s *contraction.System, _ *contraction.Way) (contraction.Product, error) {
	return contraction.Linear(func(pt contraction.Point, d, _, h *graph.Tensor) error {
		ids, _ := pt.Split()
		mat.NewDense(2, features, h.Float64s()).Mul(mat.NewDense(2, features, d.Float64s()), hessian(s.Run.Data, ids))
		return nil
	}), nil
}

// ownDisturbance takes the gradient over the retained part of a batch from that over
// all of it.
type ownDisturbance struct{}

func (ownDisturbance) String() string { return "own" }

func (ownDisturbance) Start(_ context.Context, s *contraction.System, _ *contraction.Way) (contraction.Disturber, error) {
	delta, g := s.Model.NewVector(), s.Model.NewVector()
	return contraction.DisturbFunc(func(pt contraction.Point) (*graph.Tensor, bool, error) {
		retain, _ := pt.Split()
		if len(retain) == 0 {
			return delta, false, nil
		}
		if err := s.Gradient(pt, pt.W, retain, g); err != nil {
			return nil, false, err
		}
		for i := range delta.Len() {
			delta.Set(i, pt.G.At(i)-g.At(i))
		}
		return delta, true, nil
	}), nil
}

// ownPath is the recorded one.
type ownPath struct{}

func (ownPath) String() string { return "own" }

func (ownPath) Start(s *contraction.System) (*contraction.Way, error) {
	return &contraction.Way{
		To: s.Run.Steps, Momentum: s.Run.Config.Momentum, Time: s.LearningTime(), Recorded: true,
		Points: s.Trajectory(0), End: s.Run.Params,
	}, nil
}

// TestOwnParts: parts of another package are as good as this one's.
func TestOwnParts(t *testing.T) {
	want, err := contraction.Contraction{}.Solve(t.Context(), system(t))
	require.NoError(t, err)
	for _, c := range []contraction.Contraction{
		{Curvature: ownCurvature{}}, {Disturbance: ownDisturbance{}}, {Path: ownPath{}},
		{Path: ownPath{}, Disturbance: ownDisturbance{}, Curvature: ownCurvature{}},
	} {
		got, err := c.Solve(t.Context(), system(t))
		require.NoError(t, err)
		require.InDeltaSlice(t, want.Float64s(), got.Float64s(), 1e-12, c.String())
	}
	require.Equal(t, "own, own, own", contraction.Contraction{Path: ownPath{}, Disturbance: ownDisturbance{}, Curvature: ownCurvature{}}.String())
	require.Equal(t, "recorded, per-step, exact", contraction.Contraction{}.String())
}

// TestFixedPath: at w_T the contraction of a spread sum is gradient descent with
// momentum to the solution of (H + λ) d = δ, with H that of the retained examples.
func TestFixedPath(t *testing.T) {
	s := system(t)
	sum := s.Model.NewVector()
	for i := range sum.Len() {
		sum.Set(i, float64(i%3)-0.7)
	}
	path := contraction.Fixed{Steps: 600, LR: nets.ConstantRate(0.5), Momentum: 0.5}
	const strength = 40
	// Where nothing but weight decay resists, a coordinate of d would end at strength times the sum.
	var reach, speed float64
	for range 600 {
		speed = 0.5*speed + s.Run.Config.WeightDecay*reach - 1
		reach -= 0.5 * speed
	}
	rate := strength / reach // of the sum, in δ
	h := hessian(s.Run.Data, s.Retain)
	for i := range features {
		h.Set(i, i, h.At(i, i)+s.Run.Config.WeightDecay)
	}
	var d mat.Dense // [features, 2]
	require.NoError(t, d.Solve(h, mat.NewDense(2, features, sum.Float64s()).T()))
	for _, curvature := range []contraction.Curvature{contraction.Exact{}, contraction.HVP{}, ownCurvature{}} {
		u, err := contraction.Contraction{
			Path: path, Disturbance: contraction.Spread{Sum: sum, Strength: strength}, Curvature: curvature,
		}.Solve(t.Context(), s)
		require.NoError(t, err)
		for k := range 2 {
			for j := range features {
				at := k*features + j
				require.InDelta(t, rate*d.At(j, k), u.At(at)-s.Run.Params.At(at), 1e-9, curvature.String())
			}
		}
	}
}

// flat is a model that resists nothing.
type flat struct{}

func (flat) String() string { return "flat" }

func (flat) Start(*contraction.System, *contraction.Way) (contraction.Product, error) {
	return contraction.Linear(func(_ contraction.Point, _, _, h *graph.Tensor) error {
		h.Zero()
		return nil
	}), nil
}

// zigzag is a vector of three values in turn.
func zigzag(s *contraction.System) *graph.Tensor {
	v := s.Model.NewVector()
	for i := range v.Len() {
		v.Set(i, float64(i%3)-0.7)
	}
	return v
}

// TestSpreadArrives: where weight decay alone resists, d ends at strength times the sum, also
// in a few steps, of which momentum has not spent half when they end.
func TestSpreadArrives(t *testing.T) {
	for _, steps := range []int{1, 5, 20, 400} {
		for _, decay := range []float64{0, 0.3} {
			s := system(t)
			s.Run.Config.WeightDecay = decay
			sum := zigzag(s)
			u, err := contraction.Contraction{
				Path:        contraction.Fixed{Steps: steps, LR: nets.CosineRate{Peak: 0.05, Warmup: 0.1}, Momentum: 0.9},
				Disturbance: contraction.Spread{Sum: sum, Strength: 2, First: 0.7}, Curvature: flat{},
			}.Solve(t.Context(), s)
			require.NoError(t, err)
			for i := range sum.Len() {
				require.InDelta(t, 2*sum.At(i), u.At(i)-s.Run.Params.At(i), 1e-12, "%d steps", steps)
			}
		}
	}
}

// broken is a part that leaves the finite numbers at step 5.
type broken struct{}

func (broken) String() string { return "broken" }

func (broken) at(pt contraction.Point, v *graph.Tensor) {
	if v.Zero(); pt.T >= 5 {
		v.Set(1, math.Inf(1))
	}
}

type brokenCurvature struct{ broken }

func (b brokenCurvature) Start(*contraction.System, *contraction.Way) (contraction.Product, error) {
	return contraction.Linear(func(pt contraction.Point, _, _, h *graph.Tensor) error {
		b.at(pt, h)
		return nil
	}), nil
}

type brokenDisturbance struct{ broken }

func (b brokenDisturbance) Start(_ context.Context, s *contraction.System, _ *contraction.Way) (contraction.Disturber, error) {
	delta := s.Model.NewVector()
	return contraction.DisturbFunc(func(pt contraction.Point) (*graph.Tensor, bool, error) {
		b.at(pt, delta)
		return delta, false, nil
	}), nil
}

// TestDivergedPart: the error names the part that the first number which is not
// finite came from.
func TestDivergedPart(t *testing.T) {
	for want, c := range map[string]contraction.Contraction{
		"the curvature broken":   {Curvature: brokenCurvature{}},
		"the disturbance broken": {Disturbance: brokenDisturbance{}},
	} {
		_, err := c.Solve(t.Context(), system(t))
		var diverged *contraction.DivergedError
		require.ErrorAs(t, err, &diverged)
		require.Equal(t, contraction.DivergedError{Step: 5, Part: want}, *diverged)
		require.ErrorContains(t, err, want)
	}
	// A step that overshoots has finite parts until it has none.
	_, err := contraction.Contraction{Curvature: contraction.Scalar{Value: 1e300}}.Solve(t.Context(), system(t))
	var diverged *contraction.DivergedError
	require.ErrorAs(t, err, &diverged)
}

// TestPartsThatDoNotFit: what cannot be put together says so.
func TestPartsThatDoNotFit(t *testing.T) {
	fixed := contraction.Fixed{Steps: 3, LR: nets.ConstantRate(0.1)}
	s := system(t)
	sum := s.Model.NewVector()
	spread := contraction.Spread{Sum: sum, Strength: 1}
	for want, c := range map[string]contraction.Contraction{
		"the path is not the recorded one": {Path: fixed},
		"has a loss of its own":            {Path: fixed, Disturbance: spread, Curvature: contraction.Distilled{Batch: 4}},
		"not a vector of the model's":      {Disturbance: contraction.Spread{Sum: graph.NewTensor(graph.Float64, 3), Strength: 1}},
		"learning rates move by 0":         {Path: contraction.Fixed{Steps: 3, LR: nets.ConstantRate(0)}, Disturbance: spread},
		"needs learning rates":             {Path: contraction.Fixed{Steps: 3}},
		"0 steps with momentum 0":          {Path: contraction.Fixed{LR: nets.ConstantRate(1)}},
		"must be finite":                   {Path: contraction.Fixed{Steps: 3, LR: nets.ConstantRate(math.NaN())}},
	} {
		_, err := c.Solve(t.Context(), s)
		require.ErrorContains(t, err, want)
	}
	s.Record = nil
	_, err := contraction.Contraction{}.Solve(t.Context(), s)
	require.ErrorIs(t, err, contraction.ErrNoRecord)

	net := testruns.Digits(t, graph.Float32, history.LogitGradients())
	s = contraction.NewSystem(net.Run, data.RandomForget(net.Run.Data, 0.1, 1), net.History)
	spread.Sum = s.Model.NewVector()
	for want, c := range map[string]contraction.Contraction{
		"take a fixed path":      {Disturbance: spread, Curvature: contraction.Distilled{Batch: 4}},
		"batch 0 must be":        {Path: fixed, Disturbance: spread, Curvature: contraction.Distilled{}},
		"size -1 and share 0.03": {Path: fixed, Disturbance: spread, Curvature: contraction.Sampled{Size: -1}},
	} {
		_, err := c.Solve(t.Context(), s)
		require.ErrorContains(t, err, want)
	}
	// More examples a step than there are are all of them.
	_, err = contraction.Contraction{Path: fixed, Disturbance: spread, Curvature: contraction.Distilled{Batch: 5000}}.Solve(t.Context(), s)
	require.NoError(t, err)
	require.InDelta(t, 3*float64(len(s.Retain))+float64(len(s.Retain))/3, s.Model.GradEvals(), 1e-6)
}
