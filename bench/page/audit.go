package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/bench/charts"
)

// Audit is what a page shows of the results of package audit. It is read for
// itself, so that results of other versions, which have more or fewer fields, are
// shown as far as they go.
type Audit struct {
	Setup struct {
		Dataset    string  `json:"dataset"`
		Arch       string  `json:"arch"`
		Engine     string  `json:"engine"`
		Examples   int     `json:"examples"`
		Candidates int     `json:"candidates"`
		Shadows    int     `json:"shadows"`
		Targets    int     `json:"targets"`
		Epochs     int     `json:"epochs"`
		Seed       uint64  `json:"seed"`
		Share      float64 `json:"share"`
	} `json:"setup"`
	Level float64 `json:"level"`
	Rows  []struct {
		Name    string           `json:"name"`
		Verdict *verdict.Verdict `json:"verdict"` // older files have none
		ULiRA   *struct {
			Privacy    *attacks.Evaluation `json:"privacy"`
			Direction  *attacks.Evaluation `json:"direction"`
			Efficacy   *attacks.Evaluation `json:"efficacy"`
			Membership *attacks.Evaluation `json:"membership"`
			Finding    string              `json:"finding"`
			Verdict    string              `json:"verdict"` // its name in older files
		} `json:"u_lira"`
		KLOM *struct {
			MeanW1 float64 `json:"mean_w1"`
			KL95   float64 `json:"kl_95"`
		} `json:"klom"`
	} `json:"rows"`
}

// ErrNoAudit is wrapped by the error of ReadAudit for a file that holds something
// else.
var ErrNoAudit = errors.New("not the results of an audit")

// ReadAudit reads results.json of an audit, or of the folder that holds it.
func ReadAudit(path string) (Audit, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "results.json")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Audit{}, fmt.Errorf("page: %w", err)
	}
	var a Audit
	if err := json.Unmarshal(raw, &a); err != nil {
		return Audit{}, fmt.Errorf("page: %s: %w: %w", path, ErrNoAudit, err)
	}
	if a.Setup.Dataset == "" || len(a.Rows) == 0 {
		return Audit{}, fmt.Errorf("page: %s: %w: it has no setup or no rows", path, ErrNoAudit)
	}
	for i, r := range a.Rows {
		if r.Name == "" || r.ULiRA == nil || r.ULiRA.Privacy == nil {
			return Audit{}, fmt.Errorf("page: %s: %w: row %d has no name or no privacy game", path, ErrNoAudit, i+1)
		}
	}
	return a, nil
}

// auditView is what page.html shows of an audit.
type auditView struct {
	Anchor, Name, Setting, Legend string
	Findings                      []finding
	Figures                       []figure
	Heads                         []head
	Bodies                        []body
}

const auditLegend = "Privacy: AUC of forgotten examples against ones never seen, with its interval; ½ if nothing is left to find. " +
	"Direction: the same where a larger signal is more like a member’s. Efficacy, trained on against forgotten, and membership, trained on against never seen, " +
	"are equal if forgetting is perfect. W1: distance of the answers on forgotten examples from retrained models’, to be read beside another seed’s."

func newAudit(a Audit) (auditView, error) {
	s := a.Setup
	v := auditView{
		Name:   fmt.Sprintf("Audit of %s · %s", s.Dataset, s.Arch),
		Legend: auditLegend,
		Setting: fmt.Sprintf("%d examples, %d of them candidates; %d shadow and %d target models of %d epochs, each trained on half and asked to forget %g%% of the candidates there; seed %d; engine %s",
			s.Examples, s.Candidates, s.Shadows, s.Targets, s.Epochs, 100*s.Share, s.Seed, s.Engine),
		Heads: []head{{Name: "models", Text: true}, {Name: "privacy AUC"}, {Name: "TPR at FPR 1%"}, {Name: "direction AUC"}, {Name: "efficacy"}, {Name: "membership"}, {Name: "W1"}, {Name: "verdict", Text: true}},
	}
	reference, judged := body{Reference: true}, body{}
	var curves []charts.Curve
	for _, r := range a.Rows {
		u := r.ULiRA
		found := cmp.Or(u.Finding, u.Verdict)
		if r.Verdict != nil {
			found = string(r.Verdict.Outcome)
			v.Findings = append(v.Findings, finding{swatch(r.Name), r.Name, sentence(found), strings.TrimPrefix(r.Verdict.String(), found+" ")})
		}
		out := row{Swatch: swatch(r.Name), Method: r.Name, Cells: []cell{auc(u.Privacy, true), tprAt(u.Privacy, 0.01), auc(u.Direction, true), auc(u.Efficacy, false), auc(u.Membership, false)}}
		w1 := cell{Mean: "—"}
		if r.KLOM != nil {
			w1 = numeric(r.KLOM.MeanW1, 2)
		}
		out.Cells = append(out.Cells, w1, cell{Class: "text", Mean: found, Value: found})
		if r.Name == "before" || r.Name == "retrained" {
			reference.Rows = append(reference.Rows, out)
		} else {
			judged.Rows = append(judged.Rows, out)
		}
		curves = append(curves, operatingPoints(r.Name, u.Privacy))
	}
	for _, b := range []body{reference, judged} {
		if len(b.Rows) > 0 {
			v.Bodies = append(v.Bodies, b)
		}
	}
	if f := charts.ROC(s.Dataset+" · "+s.Arch+": forgotten against never seen", "True-positive rates of U-LiRA’s privacy game at fixed false-positive rates, on logarithmic axes, with their intervals. Nothing is left to find on the dotted line.", curves); f != nil {
		made, err := newFigure(f)
		if err != nil {
			return auditView{}, err
		}
		v.Figures = append(v.Figures, made)
	}
	return v, nil
}

func numeric(x float64, decimals int) cell {
	return cell{Mean: strconv.FormatFloat(x, 'f', decimals, 64), Value: strconv.FormatFloat(x, 'g', -1, 64)}
}

func auc(e *attacks.Evaluation, interval bool) cell {
	if e == nil {
		return cell{Mean: "—"}
	}
	c := numeric(e.AUC.Estimate, 3)
	if interval {
		c.Note = fmt.Sprintf("[%.3f, %.3f]", e.AUC.Low, e.AUC.High)
	}
	return c
}

func tprAt(e *attacks.Evaluation, fpr float64) cell {
	for _, p := range e.TPR {
		if p.Target == fpr && p.Resolvable {
			c := numeric(100*p.TPR, 1)
			c.Mean += "%"
			return c
		}
	}
	return cell{Mean: "—"}
}

// operatingPoints returns the rates at which the ROC was read, and its end.
func operatingPoints(name string, e *attacks.Evaluation) charts.Curve {
	c := charts.Curve{Method: name, AUC: e.AUC.Estimate}
	for _, p := range e.TPR {
		if p.Resolvable && !math.IsNaN(p.TPR) {
			c.Rates = append(c.Rates, charts.Rate{FPR: p.Target, TPR: p.TPR, Low: p.TPRLow, High: p.TPRHigh})
		}
	}
	slices.SortFunc(c.Rates, func(a, b charts.Rate) int { return cmp.Compare(a.FPR, b.FPR) })
	c.Rates = append(c.Rates, charts.Rate{FPR: 1, TPR: 1, Low: 1, High: 1})
	return c
}
