package bench

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Float is a number that may be missing.
type Float = attacks.Float

// Result is what one method did in one cell of an experiment: a row of a
// Table, a line of JSON. See the package comment for the measures.
type Result struct {
	Dataset     string  `json:"dataset"`
	Net         string  `json:"net"`
	Seed        uint64  `json:"seed"` // of the base run
	Method      string  `json:"method"`
	Forget      string  `json:"forget"`   // the specification of U
	N           int     `json:"n"`        // training examples
	NForget     int     `json:"n_forget"` // |U|
	Epochs      float64 `json:"epochs"`   // of the base run, as all up to Engine
	Batch       int     `json:"batch"`
	LR          Float   `json:"lr"` // constant rate or peak; missing for other schedules
	Momentum    float64 `json:"momentum"`
	Schedule    string  `json:"schedule"` // "constant", "cosine" or a schedule's notation
	WeightDecay float64 `json:"weight_decay"`
	Augment     string  `json:"augment,omitempty"`      // missing: none
	WrongLabels float64 `json:"wrong_labels,omitempty"` // share of the training examples; missing: none that is known of
	DType       string  `json:"dtype,omitempty"`        // missing: float32
	Engine      string  `json:"engine"`                 // its graph.Engine's name; empty in older files
	Use         string  `json:"use,omitempty"`          // what the experiment says that the cell is for: tuning or judgement

	TestAcc   Float `json:"test_acc"` // percent, as the next two
	RetainAcc Float `json:"retain_acc"`
	ForgetAcc Float `json:"forget_acc"`

	MIAAUC        Float `json:"mia_auc"`
	MarginExcess  Float `json:"margin_excess"`
	ExcessRemoved Float `json:"excess_removed"`
	KSForget      Float `json:"ks_forget"`
	KLForget      Float `json:"kl_forget"` // nats
	KLTest        Float `json:"kl_test"`   // nats
	Dist          Float `json:"dist"`
	RelDist       Float `json:"rel_dist"`

	GradEvals        float64 `json:"grad_evals"`         // of the request
	RetrainGradEvals float64 `json:"retrain_grad_evals"` // of replayed retraining
	TrainExtraEvals  float64 `json:"train_extra_evals"`  // added to training for the method
	HistoryBytesKept int64   `json:"history_bytes_kept"` // 0 for a method that reads none
	HistoryBytesRead int64   `json:"history_bytes_read"`

	// Backdoor is the percentage of test images of other labels, stamped as poisoned examples
	// are, that the model takes for the label of these; a line without the field is of a
	// request in which nothing was poisoned.
	Backdoor *Float `json:"backdoor,omitempty"`

	// Labels are what the data call their classes, up to a hundred; a line
	// without the field is of data that call them 0, 1, 2 …
	Labels []string `json:"labels,omitempty"`

	// Route and its reason are those of unlearning.Result, for methods with
	// several; older files have neither.
	Route       unlearning.Route `json:"route,omitempty"`
	RouteReason string           `json:"route_reason,omitempty"`
	// TuningEvals is that of unlearning.Result; a line without the field is of a method
	// whose hyperparameters were given.
	TuningEvals float64 `json:"tuning_evals,omitempty"`
	// Guards are those of unlearning.Result; a line without the field had none, or
	// is of an older file.
	Guards map[unlearning.Guard]int `json:"guards,omitempty"`

	// Error says why the method could not run; every measure is missing then and
	// the costs are 0. A line without the field is of a method that ran.
	Error string `json:"error,omitempty"`

	// The timing fields come last: all others are the same bytes on every
	// repetition. They are missing where experiments shared the cores.
	Seconds        Float `json:"seconds"`
	RetrainSeconds Float `json:"retrain_seconds"`
}

// maxLabels keeps lines short.
const maxLabels = 100

// describe returns a Result with the fields that every row of a cell shares,
// and every measure missing. Batch and LR of the configuration are set; epochs
// are those of the steps that are made.
func describe(train *data.Dataset, model *nets.Model, cfg nets.Config, epochs float64, forget data.ForgetSet) Result {
	r := Result{
		Dataset: strings.TrimSuffix(train.Name, "/train"),
		Net:     model.Arch().Name, Seed: cfg.Seed,
		Forget: forget.Spec, N: train.Len(), NForget: forget.Len(),
		Epochs: epochs, Batch: cfg.Batch,
		Momentum: cfg.Momentum, WeightDecay: cfg.WeightDecay, Engine: model.Engine().Name(),
	}
	if e := train.Encoding; e != nil && len(e.Labels) <= maxLabels {
		r.Labels = e.Labels
	}
	if cfg.Augment != (nets.Augment{}) {
		r.Augment = cfg.Augment.String()
	}
	if model.DType() != graph.Float32 {
		r.DType = model.DType().String()
	}
	switch s := cfg.LR.(type) {
	case nets.ConstantRate:
		r.LR, r.Schedule = Float(s), "constant"
	case nets.CosineRate:
		r.LR, r.Schedule = Float(s.Peak), "cosine"
		if s.Warmup > 0 {
			r.Schedule = fmt.Sprintf("cosine:warmup:%g", s.Warmup)
		}
	default:
		r.LR, r.Schedule = attacks.Missing(), s.String()
	}
	for _, f := range []*Float{
		&r.TestAcc, &r.RetainAcc, &r.ForgetAcc, &r.MIAAUC, &r.MarginExcess, &r.ExcessRemoved,
		&r.KSForget, &r.KLForget, &r.KLTest, &r.Dist, &r.RelDist, &r.Seconds, &r.RetrainSeconds,
	} {
		*f = attacks.Missing()
	}
	return r
}

// failed returns the row of a method that could not run.
func (r Result) failed(method string, err error) Result {
	r.Method = method
	r.Error = strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "bench: ")), " ") // one line
	return r
}

// check names the first field that holds what JSON cannot.
func (r *Result) check() error {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() != reflect.Float64 {
			continue
		}
		missing := math.IsNaN(f.Float()) && f.Type() == reflect.TypeFor[Float]()
		if x := f.Float(); math.IsInf(x, 0) || math.IsNaN(x) && !missing {
			return fmt.Errorf("%s of %s with seed %d is %v; only a number or a missing value can be written", fieldName(v.Type(), i), r.Method, r.Seed, x)
		}
	}
	return nil
}

func fieldName(t reflect.Type, i int) string {
	name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
	return name
}
