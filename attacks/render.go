package attacks

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// WriteJSON writes the report as indented JSON. Values that do not exist are
// null; infinities are strings.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("attacks: WriteJSON: %w", err)
	}
	return nil
}

// WriteCSV writes every score: model, pool (forgotten or unseen), the
// example's index in its pool, and the score to all its digits.
func (r *Report) WriteCSV(w io.Writer) error {
	if err := r.checkSamples("WriteCSV"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"model", "pool", "index", "score"}); err != nil {
		return fmt.Errorf("attacks: WriteCSV: %w", err)
	}
	for _, s := range r.samples {
		for _, p := range []struct {
			name   string
			scores []float64
		}{{"forgotten", s.Forgotten}, {"unseen", s.Unseen}} {
			for i, v := range p.scores {
				row := []string{s.Name, p.name, strconv.Itoa(i), strconv.FormatFloat(v, 'g', -1, 64)}
				if err := out.Write(row); err != nil {
					return fmt.Errorf("attacks: WriteCSV: %w", err)
				}
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("attacks: WriteCSV: %w", err)
	}
	return nil
}

// WriteMarkdown writes the report as tables for people.
func (r *Report) WriteMarkdown(w io.Writer) error {
	if len(r.Rows) == 0 {
		return failf("WriteMarkdown", ErrEmpty, "the report has no rows")
	}
	b := bufio.NewWriter(w) // remembers the first error until Flush
	if r.Title != "" {
		fmt.Fprintf(b, "## %s\n\n", r.Title)
	}
	if r.Verdict != nil {
		fmt.Fprintf(b, "**%s**\n\n", r.Verdict)
	}
	first := r.Rows[0].Evaluation
	fmt.Fprintf(b, "%d forgotten and %d unseen examples", first.Members, first.NonMembers)
	if r.Signal != "" {
		fmt.Fprintf(b, "; signal: %s", r.Signal)
	}
	fmt.Fprintf(b, "; intervals at %g%%, differences and findings at %g%%; ε at δ = %g, %s thresholds.\n\n", 100*r.Level, 100-50*complement(r.Level), r.Rows[0].Epsilon.Delta, r.Rows[0].Epsilon.Policy)

	head := []string{"model", "AUC", "AUC − retrained", "bal. acc."}
	for _, p := range first.TPR {
		head = append(head, fmt.Sprintf("TPR@%g%%", 100*p.Target))
	}
	head = append(head, "KS", "W1", "KS to retrained", "ε ≥", "found")
	tableRow(b, head)
	tableRow(b, append([]string{"---"}, repeatString("---:", len(head)-2, "---")...))
	for _, row := range r.Rows {
		e := row.Evaluation
		difference, toRetrained, found := "—", "—", "—"
		if c := row.ToRetrained; c != nil {
			difference, toRetrained, found = c.AUC.String(), fmt.Sprintf("%.4f", c.KS), string(c.Finding)
		}
		cells := []string{row.Name, e.AUC.String(), difference, fmt.Sprintf("%.4f", e.BalancedAccuracy)}
		for _, p := range e.TPR {
			cells = append(cells, p.String())
		}
		tableRow(b, append(cells, fmt.Sprintf("%.4f", row.KS), row.W1.String(), toRetrained,
			row.Epsilon.String(), found))
	}
	r.writeParts(b)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("attacks: WriteMarkdown: %w", err)
	}
	return nil
}

// writeParts writes the optional audits.
func (r *Report) writeParts(b *bufio.Writer) {
	if u := r.ULiRA; u != nil {
		fmt.Fprintf(b, "\nU-LiRA: %s; privacy AUC %v, direction AUC %v", u.Finding, u.Privacy.AUC, u.Direction.AUC)
		if u.Efficacy != nil && u.Membership != nil {
			fmt.Fprintf(b, "; efficacy AUC %v beside membership %v", u.Efficacy.AUC, u.Membership.AUC)
		}
		fmt.Fprint(b, ".\n")
	}
	if f := r.Forgetting; f != nil {
		fmt.Fprintf(b, "\nForgetting quality F = %v; a perfect unlearner gets %.4f", f.CI, f.NullMean)
		if f.PValue.Exists() {
			fmt.Fprintf(b, " [%v, %v] here (p = %.3g).\n", f.NullLow, f.NullHigh, float64(f.PValue))
		} else {
			fmt.Fprintf(b, " on average. So few models are no test: even the lowest F would have p = %.3g.\n", f.MinPValue)
		}
	}
	if k := r.KLOM; k != nil {
		fmt.Fprintf(b, "\nKLOM, KL(unlearned ‖ oracle) over models: mean %.4f, 95th percentile %.4f; the other direction %.4f and %.4f. KS %.4f, W1 %.4f, means over examples.",
			k.MeanKL, k.KL95, k.MeanReverse, k.Reverse95, k.MeanKS, k.MeanW1)
		if n := k.Null; n != nil {
			fmt.Fprintf(b, " Of %d models each: unlearned %.4f and %.4f, where oracles against oracles have %.4f and %.4f.",
				n.Models, n.UnlearnedMeanKL, n.UnlearnedKL95, n.MeanKL, n.KL95)
		}
		if k.Warning != "" {
			fmt.Fprintf(b, " %s.", k.Warning)
		}
		fmt.Fprint(b, "\n")
	}
	if len(r.Parameters) > 0 {
		fmt.Fprint(b, "\n")
		tableRow(b, []string{"parameters", "‖u−v‖", "‖w−v‖", "relative"})
		tableRow(b, []string{"---", "---:", "---:", "---:"})
		for _, p := range r.Parameters {
			tableRow(b, []string{p.Layer, fmt.Sprintf("%.4g", p.Absolute), p.Before.String(), p.Relative.String()})
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
}

func tableRow(b *bufio.Writer, cells []string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func repeatString(s string, n int, last string) []string {
	out := make([]string, n, n+1)
	for i := range out {
		out[i] = s
	}
	return append(out, last)
}

// String prints the rate with its interval, or that the sample is too small.
func (p OperatingPoint) String() string {
	if !p.Resolvable {
		return "not resolvable"
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", p.TPR, p.TPRLow, p.TPRHigh)
}

// Save writes report.json, scores.csv, report.md, roc.png, roc.svg,
// histogram.png and histogram.svg into a folder, which it makes if it is missing.
// Each file is complete when it appears under its name. The scores say which
// examples were members: their file is for its owner alone.
func (r *Report) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("attacks: Save: %w", err)
	}
	for _, f := range []struct {
		name  string
		mode  os.FileMode
		write func(io.Writer) error
	}{
		{"report.json", 0o644, r.WriteJSON},
		{"scores.csv", 0o600, r.WriteCSV},
		{"report.md", 0o644, r.WriteMarkdown},
		{"roc.png", 0o644, func(w io.Writer) error { return r.WriteROC(w, "png") }},
		{"roc.svg", 0o644, func(w io.Writer) error { return r.WriteROC(w, "svg") }},
		{"histogram.png", 0o644, func(w io.Writer) error { return r.WriteHistogram(w, "png") }},
		{"histogram.svg", 0o644, func(w io.Writer) error { return r.WriteHistogram(w, "svg") }},
	} {
		if err := saveFile(dir, f.name, f.mode, f.write); err != nil {
			return err
		}
	}
	return nil
}

func saveFile(dir, name string, mode os.FileMode, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("attacks: Save %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if err = write(tmp); err != nil {
		return err
	}
	if err = tmp.Chmod(mode); err == nil {
		if err = tmp.Close(); err == nil {
			err = os.Rename(tmp.Name(), filepath.Join(dir, name))
		}
	}
	if err != nil {
		return fmt.Errorf("attacks: Save %s: %w", name, err)
	}
	return nil
}
