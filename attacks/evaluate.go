package attacks

// EvalConfig configures Evaluate. The zero value is usable.
type EvalConfig struct {
	Level float64   // of every interval; 0 means 0.95
	FPRs  []float64 // rates to read the ROC at; nil means StandardFPRs
}

// Evaluation is what one attack achieved on one pair of samples.
type Evaluation struct {
	Name       string `json:"name"`
	Members    int    `json:"members"`
	NonMembers int    `json:"non_members"`

	AUC              Interval         `json:"auc"` // Mann–Whitney, DeLong interval
	HullAUC          float64          `json:"auc_hull"`
	BalancedAccuracy float64          `json:"balanced_accuracy"` // best threshold, in hindsight
	Advantage        float64          `json:"advantage"`
	Threshold        Float            `json:"threshold"` // attaining BalancedAccuracy
	TPR              []OperatingPoint `json:"tpr_at_fpr"`
}

// Evaluate measures how well scores (larger = member) separate two samples of
// at least two scores each. Ties everywhere and constant scores are legal:
// AUC ½, balanced accuracy ½, with the interval marked Degenerate.
func Evaluate(name string, members, nonMembers []float64, cfg EvalConfig) (*Evaluation, error) {
	level := orDefault(cfg.Level, 0.95)
	auc, err := DeLong(members, nonMembers, level)
	if err != nil {
		return nil, err
	}
	r := rocSorted(sorted(members), sorted(nonMembers))
	ba, k := r.BalancedAccuracy()
	e := &Evaluation{
		Name: name, Members: r.Pos, NonMembers: r.Neg,
		AUC: auc, HullAUC: r.HullAUC(),
		BalancedAccuracy: ba, Advantage: 2*ba - 1, Threshold: Float(r.Threshold[k]),
	}
	fprs := cfg.FPRs
	if fprs == nil {
		fprs = StandardFPRs
	}
	for _, f := range fprs {
		p, err := r.TPRAt(f, level)
		if err != nil {
			return nil, err
		}
		e.TPR = append(e.TPR, p)
	}
	return e, nil
}

// Outputs are a model's answers on one pool of examples: logits row-major
// [len(Labels), Classes].
type Outputs[L Label] struct {
	Logits  []float64
	Classes int
	Labels  []L
}

// ThresholdAttack is the global-threshold attack "member iff signal ≥ t"
// evaluated over every t. With SignalLoss it is the attack of Yeom et al.
// (CSF 2018), with SignalModifiedEntropy that of Song & Mittal (2021).
func ThresholdAttack[L Label](signal Signal, members, nonMembers Outputs[L], cfg EvalConfig) (*Evaluation, error) {
	in, err := Scores(signal, members.Logits, members.Classes, members.Labels)
	if err != nil {
		return nil, failWrap("members", err)
	}
	out, err := Scores(signal, nonMembers.Logits, nonMembers.Classes, nonMembers.Labels)
	if err != nil {
		return nil, failWrap("non-members", err)
	}
	return Evaluate(signal.String()+"-threshold", in, out, cfg)
}
