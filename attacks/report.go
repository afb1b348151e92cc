package attacks

import (
	"fmt"
	"math"
)

// Sample is one model's scores (larger = member) on the forgotten examples and
// on unseen ones. All samples of a report hold the same examples in one order.
type Sample struct {
	Name              string
	Forgotten, Unseen []float64
}

// ReportConfig configures NewReport. The zero value is usable.
type ReportConfig struct {
	Title  string
	Signal string    // the scores' name, such as SignalLogitGap.String()
	Level  float64   // 0 means 0.95
	FPRs   []float64 // nil means StandardFPRs
	// Epsilon configures the ε bound of each row.
	Epsilon EpsilonConfig
}

// Report is everything one audit found. Its rows always include before,
// retrained and unlearned, in this order: an attack's number means something
// only beside the retrained model's.
type Report struct {
	Title  string  `json:"title,omitempty"`
	Signal string  `json:"signal,omitempty"`
	Level  float64 `json:"level"`
	Rows   []Row   `json:"rows"`

	// Optional parts, filled by the caller; writers include what is there. The
	// verdict comes first: no other part of a report says whether a method passed.
	Verdict    fmt.Stringer      `json:"-"`
	ULiRA      *ULiRAResult      `json:"u_lira,omitempty"`
	Forgetting *ForgettingResult `json:"forgetting_quality,omitempty"`
	KLOM       *KLOMResult       `json:"klom,omitempty"`
	Parameters []ParamDistance   `json:"parameters,omitempty"`
	Notes      []string          `json:"notes,omitempty"`

	samples []Sample
}

// Row is one model of a report.
type Row struct {
	Name       string       `json:"name"`
	Evaluation *Evaluation  `json:"evaluation"`    // forgotten as members, unseen as non-members
	Excess     Float        `json:"margin_excess"` // mean forgotten − mean unseen; missing if infinite
	KS         float64      `json:"ks"`            // forgotten against unseen
	W1         Float        `json:"w1"`            // likewise, in the signal's units
	Epsilon    EpsilonBound `json:"epsilon"`
	// ToRetrained compares this model with the retrained one; nil for the
	// retrained model itself.
	ToRetrained *Comparison `json:"to_retrained,omitempty"`
}

// Comparison is a model against the retrained one on the same examples.
type Comparison struct {
	AUC     Interval `json:"auc_difference"` // paired DeLong, at the level of its test
	KS      float64  `json:"ks_forget"`      // between the two models' scores on the forgotten examples
	PValue  float64  `json:"ks_p_value"`     // conservative: the samples are paired
	W1      Float    `json:"w1_forget"`
	Finding Finding  `json:"finding"`
	Alpha   float64  `json:"alpha"` // of a finding when nothing differs
}

// NewReport evaluates the three models every report shows, and any more, such
// as retraining with other seeds (the noise floor). Names default to before,
// retrained and unlearned. Samples need two scores per pool and equal sizes;
// errors wrap ErrEmpty, ErrShape, ErrNotFinite, ErrDegenerate and ErrRange.
//
// The finding of a row tests its AUC difference to retraining and the KS
// distance of the forgotten scores, at half of 1 − Level each. A difference
// without a variance, as between two perfect separations, is left to the KS
// distance. Intervals and tests see the sampling of examples, not of training
// seeds: what they find of one model is no verdict on a method.
func NewReport(before, retrained, unlearned Sample, cfg ReportConfig, more ...Sample) (*Report, error) {
	const op = "NewReport"
	before.Name = orDefault(before.Name, "before")
	retrained.Name = orDefault(retrained.Name, "retrained")
	unlearned.Name = orDefault(unlearned.Name, "unlearned")
	level := orDefault(cfg.Level, 0.95)
	if err := checkOpen(op, "Level", level); err != nil {
		return nil, err
	}
	r := &Report{
		Title: cfg.Title, Signal: cfg.Signal, Level: level,
		samples: append([]Sample{before, retrained, unlearned}, more...),
	}
	for i, s := range r.samples {
		if len(s.Forgotten) != len(retrained.Forgotten) {
			return nil, &ShapeError{Op: op, Arg: s.Name + ".Forgotten", Got: len(s.Forgotten), Want: len(retrained.Forgotten)}
		}
		if len(s.Unseen) != len(retrained.Unseen) {
			return nil, &ShapeError{Op: op, Arg: s.Name + ".Unseen", Got: len(s.Unseen), Want: len(retrained.Unseen)}
		}
		row, err := newRow(s, level, cfg)
		if err != nil {
			return nil, failWrap(s.Name, err)
		}
		if i != 1 {
			if row.ToRetrained, err = compare(s, retrained, level); err != nil {
				return nil, failWrap(s.Name, err)
			}
		}
		r.Rows = append(r.Rows, *row)
	}
	return r, nil
}

// checkSamples refuses a report that was decoded from JSON, which holds no
// scores.
func (r *Report) checkSamples(op string) error {
	if len(r.samples) == 0 {
		return failf(op, ErrEmpty, "the report holds no scores; only NewReport's do")
	}
	return nil
}

func newRow(s Sample, level float64, cfg ReportConfig) (*Row, error) {
	e, err := Evaluate(s.Name, s.Forgotten, s.Unseen, EvalConfig{Level: level, FPRs: cfg.FPRs})
	if err != nil {
		return nil, err
	}
	row := &Row{Name: s.Name, Evaluation: e, Excess: Missing(), W1: Missing()}
	if row.KS, err = KS(s.Forgotten, s.Unseen); err != nil {
		return nil, err
	}
	// Infinite scores are legal but have no mean.
	if w, err := Wasserstein1(s.Forgotten, s.Unseen); err == nil {
		row.W1 = Float(w)
		row.Excess = Float(mean(sorted(s.Forgotten)) - mean(sorted(s.Unseen)))
	}
	eps := cfg.Epsilon
	eps.Alpha = orDefault(eps.Alpha, complement(level))
	row.Epsilon, err = EpsilonLowerBound(s.Forgotten, s.Unseen, eps)
	return row, err
}

func compare(s, retrained Sample, level float64) (*Comparison, error) {
	c := &Comparison{W1: Missing(), Alpha: complement(level)}
	half := 1 - complement(level)/2
	var err error
	if c.AUC, err = DeLongDifference(s.Forgotten, s.Unseen, retrained.Forgotten, retrained.Unseen, half); err != nil {
		return nil, err
	}
	if c.KS, err = KS(s.Forgotten, retrained.Forgotten); err != nil {
		return nil, err
	}
	n := len(s.Forgotten)
	if c.PValue, err = KSPValue(c.KS, n, n); err != nil {
		return nil, err
	}
	if w, err := Wasserstein1(s.Forgotten, retrained.Forgotten); err == nil {
		c.W1 = Float(w)
	}
	switch {
	case c.AUC.Low > 0 && !c.AUC.Degenerate:
		c.Finding = UnderUnlearned
	case c.AUC.High < 0 && !c.AUC.Degenerate:
		c.Finding = OverUnlearned
	case c.PValue <= complement(level)/2:
		c.Finding = Distinguishable
	default:
		c.Finding = NothingFound
	}
	return c, nil
}

// complement is 1 − level without the rounding that turns 0.95 into
// 0.050000000000000044.
func complement(level float64) float64 { return math.Round((1-level)*1e12) / 1e12 }
