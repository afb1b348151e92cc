package audit

import (
	"context"
	"errors"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
)

// Besides are measures of other papers, of the same answers as the verdict. None of
// them enters it.
type Besides struct {
	// Snapshots is the attack of whoever has the models before and after: the fall of the
	// logit gap, with the likelihood ratio of U-LiRA. Perfect unlearning does not give ½:
	// the number to compare with is Retrained's.
	Snapshots *attacks.Evaluation `json:"two_snapshots"`
	// RULI plays its protocol, with the most memorised tenth as what is vulnerable; nil
	// where no candidate stays In or its kinds are too few.
	RULI *attacks.RULIResult `json:"ruli,omitempty"`
	// Harm is what forgetting did to the privacy of the candidates that stay, beside
	// retraining; nil where none stays.
	Harm *attacks.RetainedHarm `json:"retained_harm,omitempty"`
	// Kept is what is left beside replayed retraining of the same runs; nil for these
	// themselves.
	Kept *verdict.Kept `json:"kept,omitempty"`
	// IAM is the mean completeness of forgotten examples under the targets; Retrained's
	// is perfect.
	IAM attacks.Float `json:"iam"`
}

// besides measures one variant.
func (a *analysis) besides(ctx context.Context, answers *verdict.Answers, pools [2]*attacks.Shadows) (*Besides, error) {
	b := &Besides{}
	var falls [2]*attacks.Shadows
	for i := range falls {
		before, err := a.design.Shadows(a.before, i)
		if err != nil {
			return nil, err
		}
		if falls[i], err = attacks.Snapshots(before, pools[i]); err != nil {
			return nil, err
		}
	}
	game, err := attacks.Play(ctx, attacks.LiRA{Fit: a.Fit}, falls[0], falls[1], attacks.Privacy)
	if err != nil {
		return nil, err
	}
	if b.Snapshots, err = game.Evaluate(attacks.EvalConfig{Level: a.Level}); err != nil {
		return nil, err
	}
	if a.Share < 1 {
		b.RULI, err = attacks.RULI{}.Audit(ctx, pools[0], pools[1], a.vulnerable)
		if errors.Is(err, attacks.ErrDegenerate) || errors.Is(err, attacks.ErrRange) {
			b.RULI, err = nil, nil // too few of a kind
		}
		if err != nil {
			return nil, err
		}
		retrained := attacks.Pools{}
		for i, to := range []**attacks.Shadows{&retrained.Shadows, &retrained.Targets} {
			if *to, err = a.design.Shadows(a.beside(answers), i); err != nil {
				return nil, err
			}
		}
		method := attacks.Pools{Shadows: pools[0], Targets: pools[1]}
		if b.Harm, err = attacks.MeasureRetainedHarm(ctx, attacks.LiRA{Fit: a.Fit}, method, retrained, a.Level); err != nil {
			return nil, err
		}
	}
	if answers != a.retrained {
		if b.Kept, err = a.judge().Kept(ctx, a.design, verdict.Models{Method: answers, Reference: a.retrained, Before: a.before}); err != nil {
			return nil, err
		}
	}
	b.IAM, err = a.iam(answers)
	return b, err
}

// addBesides completes a row, and keeps it.
func (a *analysis) addBesides(ctx context.Context, row *Row, answers *verdict.Answers, key string) error {
	var pools [2]*attacks.Shadows
	var err error
	for i := range pools {
		if pools[i], err = a.design.Shadows(answers, i); err != nil {
			return err
		}
	}
	if row.Besides, err = a.besides(ctx, answers, pools); err != nil {
		return err
	}
	return a.keep(row, key)
}

// iam is the mean completeness of what the targets forgot, beside the shadows that
// never saw it.
func (a *analysis) iam(answers *verdict.Answers) (attacks.Float, error) {
	before, after := a.signals(a.before), a.signals(answers)
	n := before.Examples
	logP := func(phi float64) float64 { // −log(1 + e^−φ), which never is above 0
		if phi > 0 {
			return -math.Log1p(math.Exp(-phi))
		}
		return phi - math.Log1p(math.Exp(phi))
	}
	never := make([][]float64, n)
	for m := range a.Shadows {
		for e := range n {
			if before.State[m*n+e] == attacks.Out {
				never[e] = append(never[e], logP(before.Signal[m*n+e]))
			}
		}
	}
	sum, count := 0.0, 0.0
	for m := a.Shadows; m < before.Models; m++ {
		var was, is []float64
		var at []int
		for e := range n {
			if before.State[m*n+e] == attacks.Forgotten {
				was, is = append(was, logP(before.Signal[m*n+e])), append(is, logP(after.Signal[m*n+e]))
				at = append(at, e)
			}
		}
		if len(at) == 0 {
			continue
		}
		var shadows []float64
		for k := range never[at[0]] {
			for _, e := range at {
				shadows = append(shadows, never[e][k])
			}
		}
		c, err := attacks.IAM{}.Completeness(was, is, shadows)
		if err != nil {
			return attacks.Missing(), err
		}
		for _, v := range c {
			sum += v
			count++
		}
	}
	return attacks.Float(sum / count), nil
}
