package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
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
}

// Row is one variant of the models.
type Row struct {
	Name string `json:"name"`
	// ULiRA holds the games among models of this variant. Its Membership is
	// LiRA on the examples that they were not asked to forget.
	ULiRA *attacks.ULiRAResult `json:"u_lira"`
	// KLOM and Forgetting compare the answers on forgotten examples with those
	// of retrained models, and are nil for these. Read KLOM beside its value for
	// OtherSeed, which is not 0 with few models. Forgetting compares models of
	// different halves of the data, as its null demands: of the models that
	// forgot an example every other one counts as retrained. It is nil with
	// fewer than four, and its p-value is missing where so few models could not
	// reject: with six or fewer at level 0.95.
	KLOM       *attacks.KLOMResult       `json:"klom,omitempty"`
	Forgetting *attacks.ForgettingResult `json:"forgetting_quality,omitempty"`

	report *attacks.Report
}

// Finding returns what the games say of the row.
func (r Row) Finding() attacks.Finding { return r.ULiRA.Finding }

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

// Save writes results.json, table.md and, for each method, a folder with its
// report: JSON, CSV of the scores, Markdown, and figures of the ROC and of the
// scores.
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
	for _, row := range r.Rows {
		if err != nil {
			break
		}
		if row.report != nil {
			sub := filepath.Join(dir, fileName(row.Name))
			if err = os.MkdirAll(sub, 0o755); err == nil {
				err = row.report.Save(sub)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("audit: the results cannot be saved; choose another folder: %w", err)
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
