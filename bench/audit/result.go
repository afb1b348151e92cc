package audit

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// Result is what an audit found. Its rows are before, retrained, and one for
// each method in their order.
type Result struct {
	Setup Setup   `json:"setup"`
	Fit   string  `json:"fit"`
	Level float64 `json:"level"`
	// PerExample is the number of shadow models in each state of an example.
	PerExample struct {
		Out       int `json:"out"`
		In        int `json:"in"`
		Forgotten int `json:"forgotten"`
	} `json:"shadows_per_example"`
	Rows []Row `json:"rows"`

	ids    []string // of the examples
	labels []int
}

// Row is one variant of the models.
type Row struct {
	Name string `json:"name"`
	// Verdict is what the audit says of the variant; everything else of the row are
	// measures to understand it by. The row of retraining with other seeds is judged
	// against replayed retraining, all others against it.
	Verdict *verdict.Verdict `json:"verdict"`
	// ULiRA holds the games among models of this variant. Its Membership is
	// LiRA on the examples that they were not asked to forget.
	ULiRA *attacks.ULiRAResult `json:"u_lira"`
	// KLOM and Forgetting compare the answers on forgotten examples with those
	// of retrained models. Forgetting compares models of
	// different halves of the data, as its null demands: of the models that
	// forgot an example every other one counts as retrained. It is nil with
	// fewer than four, and its p-value is missing where so few models could not
	// reject: with six or fewer at level 0.95.
	KLOM       *attacks.KLOMResult       `json:"klom,omitempty"`
	Forgetting *attacks.ForgettingResult `json:"forgetting_quality,omitempty"`
	// Epsilon bounds the ε that the method could be certified with, from one target
	// model for each example; nil for before and retrained.
	Epsilon *attacks.EpsilonBound `json:"epsilon,omitempty"`
	Besides *Besides              `json:"besides"`
	// Refused counts the models that the method left as they were: with a HarmError, or
	// since there was nothing to do. They are judged as all others. It is 0 for NoOp.
	Refused int `json:"refused,omitempty"`

	report *attacks.Report
}

// Row returns the row of a name.
func (r *Result) Row(name string) (Row, bool) {
	for _, row := range r.Rows {
		if row.Name == name {
			return row, true
		}
	}
	return Row{}, false
}

// Report returns the report on a method under audit, nil for other names. Its
// rows are before, retrained and the method.
func (r *Result) Report(name string) *attacks.Report {
	row, _ := r.Row(name)
	return row.report
}

// Memorised returns the keys of the candidates, those first whose answers before
// unlearning differ most between models that were trained on them and models that
// were not: the worst case to forget. See data.ForgetByID.
func (r *Result) Memorised() []string {
	before, _ := r.Row(Before)
	if before.Verdict == nil || r.ids == nil {
		return nil
	}
	exposures := slices.Clone(before.Verdict.Exposures)
	slices.SortStableFunc(exposures, func(a, b verdict.Exposure) int { return cmp.Compare(b.Memorised, a.Memorised) })
	var ids []string
	for _, e := range exposures {
		ids = append(ids, r.ids[e.Example])
	}
	return ids
}

// Save writes results.json, table.md and, for each method, a folder with its report:
// JSON, CSV of the scores, Markdown, and figures of the ROC and of the scores; and
// private-exposed.csv, every candidate with what the audit shows of it, most exposed
// first. That file and the scores say who was a member: they are for their owner
// alone. So is private-memorised.txt, Memorised's list, one key a line; its head is a
// file of candidates for another audit.
func (r *Result) Save(dir string) error {
	err := atomicfile.Write(filepath.Join(dir, "results.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
	if err == nil {
		err = atomicfile.Write(filepath.Join(dir, "table.md"), func(w io.Writer) error {
			_, err := io.WriteString(w, r.Markdown())
			return err
		})
	}
	if err == nil {
		err = atomicfile.WritePrivate(filepath.Join(dir, private+"memorised.txt"), func(w io.Writer) error {
			for _, id := range r.Memorised() {
				if _, err := fmt.Fprintln(w, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, row := range r.Rows {
		if err != nil {
			break
		}
		if row.report != nil {
			sub := filepath.Join(dir, fileName(row.Name))
			if err = row.report.Save(sub); err == nil {
				err = atomicfile.WritePrivate(filepath.Join(sub, private+"exposed.csv"), func(w io.Writer) error { return r.writeExposed(w, row) })
			}
		}
	}
	if err != nil {
		return fmt.Errorf("audit: the results cannot be saved; choose another folder: %w", err)
	}
	return nil
}

// writeExposed lists the candidates, most exposed first.
func (r *Result) writeExposed(w io.Writer, row Row) error {
	out := csv.NewWriter(w)
	lines := [][]string{{"id", "label", "auc", "z", "p", "memorised", "w1"}}
	exposures := slices.Clone(row.Verdict.Exposures)
	slices.SortStableFunc(exposures, func(a, b verdict.Exposure) int { return cmp.Compare(math.Abs(b.Z), math.Abs(a.Z)) })
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, e := range exposures {
		w1 := ""
		if e.W1.Exists() {
			w1 = number(float64(e.W1))
		}
		lines = append(lines, []string{r.ids[e.Example], strconv.Itoa(r.labels[e.Example]), number(e.AUC), number(e.Z), number(e.P), number(e.Memorised), w1})
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// fileName makes a folder's name of a method's.
func fileName(name string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, c) {
			return '-'
		}
		return c
	}, name)
}
