package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Measure judges one result of the request.
func (r *Reference) Measure(ctx context.Context, res *unlearning.Result) (Result, error) {
	row, err := r.measured(ctx, res, nil)
	return row.Result, err
}

// measured is Measure with what pictures need. Of an ensemble, which may be nil, the
// result has no parameters.
func (r *Reference) measured(ctx context.Context, res *unlearning.Result, ensemble predictor) (Row, error) {
	row := Row{Result: r.shared}
	row.Method = res.Method
	if err := r.measure(ctx, res, ensemble, &row); err != nil {
		return Row{}, fmt.Errorf("bench: %s: %w", res.Method, err)
	}
	return row, nil
}

func (r *Reference) measure(ctx context.Context, res *unlearning.Result, model predictor, row *Row) error {
	single := model == nil
	if single {
		if res.Params == nil || res.Params.Len() != r.model.Size() {
			return fmt.Errorf("the result has no %d parameters of %s", r.model.Size(), row.Net)
		}
		model = r.at(res.Params)
	}
	train, test, err := r.ask(ctx, model)
	if err != nil {
		return err
	}
	forgot, vForgot, unseen := train.at(r.forgot), r.train.at(r.forgot), test.at(r.unseen)

	for _, a := range []struct {
		to *Float
		on answers
	}{{&row.TestAcc, test}, {&row.RetainAcc, train.at(r.kept)}, {&row.ForgetAcc, forgot}} {
		if *a.to, err = a.on.accuracy(); err != nil {
			return err
		}
	}
	if row.MIAAUC, err = lossAUC(forgot, unseen); err != nil {
		return err
	}
	e, err := excess(forgot, unseen)
	if err != nil {
		return err
	}
	row.MarginExcess = Float(e)
	if row.ExcessRemoved, err = attacks.ExcessRemoved(r.before, e, r.made.Floor); err != nil {
		return err
	}
	if row.KSForget, err = gapKS(forgot, vForgot); err != nil {
		return err
	}
	if row.Trace, err = r.trace(forgot, unseen); err != nil {
		return err
	}
	row.KLForget = forgot.klFrom(vForgot)
	row.KLTest = test.klFrom(r.onTest)

	if r.backdoor != nil {
		if row.Backdoor, err = r.backdoor.open(ctx, model); err != nil {
			return err
		}
	}
	if v := r.retrained.Params; single {
		d := distance(res.Params, v)
		row.Dist, row.RelDist = Float(d), Float(d/distance(r.problem.Run.Params, v)) // 0/0 is NaN: missing
		if math.IsInf(float64(row.RelDist), 0) {
			row.RelDist = attacks.Missing() // the run was the retrained one already
		}
	}

	row.GradEvals = res.GradEvals
	row.HistoryBytesRead, row.HistoryBytesKept = res.BytesRead, res.BytesKept
	row.Route, row.RouteReason, row.Guards = res.Route, res.RouteReason, res.Guards
	row.TuningEvals = res.TuningEvals
	row.Seconds = Float(res.Elapsed.Seconds())
	if res == r.retrained {
		row.Seconds = r.made.Seconds
	}
	return nil
}

// excess returns the margin excess at w.
func (r *Reference) excess(ctx context.Context, w *graph.Tensor) (float64, error) {
	train, test, err := r.ask(ctx, r.at(w))
	if err != nil {
		return 0, err
	}
	return excess(train.at(r.forgot), test.at(r.unseen))
}

// excess returns mean φ on the forgotten − mean φ on the unseen examples.
func excess(forgot, unseen answers) (float64, error) {
	in, err := forgot.signal(attacks.SignalLogitGap)
	if err != nil {
		return 0, err
	}
	out, err := unseen.signal(attacks.SignalLogitGap)
	if err != nil {
		return 0, err
	}
	return attacks.MarginExcess(in, out)
}

// lossAUC returns the AUC of the loss threshold attack.
func lossAUC(forgot, unseen answers) (Float, error) {
	in, err := forgot.signal(attacks.SignalLoss)
	if err != nil {
		return attacks.Missing(), err
	}
	out, err := unseen.signal(attacks.SignalLoss)
	if err != nil {
		return attacks.Missing(), err
	}
	auc, err := attacks.AUC(in, out)
	return Float(auc), err
}

// gapKS returns the KS distance between the logit gaps of two models.
func gapKS(u, v answers) (Float, error) {
	a, err := u.signal(attacks.SignalLogitGap)
	if err != nil {
		return attacks.Missing(), err
	}
	b, err := v.signal(attacks.SignalLogitGap)
	if err != nil {
		return attacks.Missing(), err
	}
	ks, err := attacks.KS(a, b)
	return Float(ks), err
}

// distance returns ‖a−b‖.
func distance(a, b *graph.Tensor) float64 {
	var ss float64
	for i := range a.Len() {
		d := a.At(i) - b.At(i)
		ss += d * d
	}
	return math.Sqrt(ss)
}
