package audit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// heading says what was audited, in a line.
func (r *Result) heading() string {
	s := r.Setup
	return fmt.Sprintf("%s on %d examples of %s, %d of them candidates: %d shadow and %d target models, each trained on half and asked to forget %g%% of the candidates there (%s fit)",
		s.Arch, s.Examples, s.Dataset, s.Candidates, s.Shadows, s.Targets, 100*s.Share, r.Fit)
}

const legend = `Columns: privacy, AUC of forgotten against never seen, ½ if nothing is left; direction, the same by
larger = more like a member; efficacy, trained on against forgotten, and membership, trained on against
never seen, equal if forgetting is perfect; W1, distance to retrained models' answers on forgotten examples.`

// columns of the table, after the name.
var columns = []struct {
	head  string
	value func(Row) string
}{
	{"privacy AUC", func(r Row) string { return interval(r.ULiRA.Privacy) }},
	{"TPR@1%", tpr},
	{"direction AUC", func(r Row) string { return interval(r.ULiRA.Direction) }},
	{"efficacy", func(r Row) string { return auc(r.ULiRA.Efficacy) }},
	{"membership", func(r Row) string { return auc(r.ULiRA.Membership) }},
	{"W1", func(r Row) string {
		if r.KLOM == nil {
			return "—"
		}
		return fmt.Sprintf("%.2f", r.KLOM.MeanW1)
	}},
	{"verdict", func(r Row) string { return string(r.Finding()) }},
}

func interval(e *attacks.Evaluation) string {
	return fmt.Sprintf("%.3f [%.3f, %.3f]", e.AUC.Estimate, e.AUC.Low, e.AUC.High)
}

func auc(e *attacks.Evaluation) string {
	if e == nil {
		return "—"
	}
	return fmt.Sprintf("%.3f", e.AUC.Estimate)
}

func tpr(r Row) string {
	for _, p := range r.ULiRA.Privacy.TPR {
		if p.Target == 0.01 && p.Resolvable {
			return fmt.Sprintf("%.1f%%", 100*p.TPR)
		}
	}
	return "—"
}

// cells returns the table, head first.
func (r *Result) cells() [][]string {
	head := []string{"models"}
	for _, c := range columns {
		head = append(head, c.head)
	}
	out := [][]string{head}
	for _, row := range r.Rows {
		line := []string{row.Name}
		for _, c := range columns {
			line = append(line, c.value(row))
		}
		out = append(out, line)
	}
	return out
}

// String returns the table as aligned text.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.heading())
	cells := r.cells()
	width := make([]int, len(cells[0]))
	for _, line := range cells {
		for j, c := range line {
			width[j] = max(width[j], utf8.RuneCountInString(c))
		}
	}
	for _, line := range cells {
		for j, c := range line {
			pad := strings.Repeat(" ", width[j]-utf8.RuneCountInString(c))
			switch j {
			case 0:
				b.WriteString(c + pad)
			case len(line) - 1:
				b.WriteString("  " + c)
			default:
				b.WriteString("  " + pad + c)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n%s\n", legend)
	return b.String()
}

// Markdown returns the table in Markdown.
func (r *Result) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.heading())
	for i, line := range r.cells() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|---|%s---|\n", strings.Repeat("---:|", len(line)-2))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", legend)
	return b.String()
}
