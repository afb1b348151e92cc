package audit

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
)

// heading says what was audited, in a line.
func (r *Result) heading() string {
	s := r.Setup
	return fmt.Sprintf("%s on %d examples of %s, %d of them candidates: %d shadow and %d target models, each trained on half and asked to forget %g%% of the candidates there; asked about each: %s (%s fit)",
		s.Arch, s.Examples, s.Dataset, s.Candidates, s.Shadows, s.Targets, 100*s.Share, strings.Join(s.Queries, ", "), r.Fit)
}

// column is one of a table, after the name.
type column struct {
	head  string
	value func(Row) string
}

// A table has columns and says how to read them.
type table struct {
	columns []column
	legend  string
}

// verdicts is what an audit says; measures is what it measured on the way.
var verdicts = table{[]column{
	{"verdict", func(r Row) string { return string(r.Verdict.Outcome) }},
	{"privacy", func(r Row) string { return part(&r.Verdict.Privacy, "%") }},
	{"closeness", func(r Row) string { return part(&r.Verdict.Closeness, "%") }},
	{"utility", func(r Row) string { return part(&r.Verdict.Utility, " points") }},
	{"AUC", func(r Row) string { return measure(r.Verdict.AUC, 3) }},
	{"W1", func(r Row) string { return measure(r.Verdict.W1, 2) }},
	{"unseen %", func(r Row) string { return accuracy(r.Verdict.Unseen) }},
	{"retained %", func(r Row) string { return accuracy(r.Verdict.Retained) }},
}, `A verdict is passed only if privacy, closeness and utility are; each has a third of the error probability, and
retraining fails one of them in no more than the whole of it. In brackets stands what each would have found in 8
of 10 audits: of privacy and closeness a method that keeps this share of what the model before unlearning shows,
of utility a loss of so many points; where that is more than was asked for, nothing found is undecided.
AUC: a forgotten answer above a never-seen one to the same example, ½ if nothing is left; W1: distance of the logit
gaps of forgotten examples from those of retrained models; in brackets what the test would not have found.
Accuracies stand beside retraining's. All that is asked are answers, to the examples and to the copies named above:
what parameters show, or answers to other questions, is not tested.`}

var measures = table{[]column{
	{"most memorised tenth", func(r Row) string { return measure(r.Verdict.MostMemorised, 3) }},
	{"most exposed tenth", func(r Row) string { return measure(r.Verdict.MostExposed, 3) }},
	{"U-LiRA", func(r Row) string { return interval(r.ULiRA.Privacy) }},
	{"TPR@1%", tpr},
	{"direction", func(r Row) string { return interval(r.ULiRA.Direction) }},
	{"efficacy", func(r Row) string { return auc(r.ULiRA.Efficacy) }},
	{"membership", func(r Row) string { return auc(r.ULiRA.Membership) }},
	{"harm", func(r Row) string {
		if r.Besides.Harm == nil {
			return "—"
		}
		d := r.Besides.Harm.Difference
		return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", d.Estimate, d.Low, d.High)
	}},
	{"two snapshots", func(r Row) string { return auc(r.Besides.Snapshots) }},
	{"RULI", func(r Row) string {
		if r.Besides.RULI == nil {
			return "—"
		}
		return fmt.Sprintf("%.3f, %.3f", r.Besides.RULI.PrivacyVulnerable.AUC.Estimate, r.Besides.RULI.PrivacyProtected.AUC.Estimate)
	}},
	{"IAM", func(r Row) string { return fmt.Sprintf("%.3f", float64(r.Besides.IAM)) }},
	{"ε ≥", func(r Row) string {
		if r.Epsilon == nil {
			return "—"
		}
		return r.Epsilon.String()
	}},
	{"KLOM", klom},
	{"F", forgetting},
}, `AUC of the tenth of examples with most to forget, and of the tenth that looked most exposed under the shadows, measured
under the targets; U-LiRA: shadows' likelihood ratio of forgotten against never seen, under the targets; direction: the
same by larger = more like a member; efficacy, trained on against forgotten, and membership, trained on against never
seen, are equal if forgetting is perfect; harm: how far membership lies above that of retrained models, which is what those
who stay pay with their privacy, of U-LiRA's attack on answers to all questions; two snapshots: the
same attack by whoever has the models before and after, for whom retraining is not ½ either; RULI: its attack on the most
memorised tenth and on the others; IAM: completeness, 1 being answers of models that never saw the example; ε: lower bound at δ = 1e-5, beside the largest that so many scores could show;
KLOM: 95th percentile over examples of KL(unlearned ‖ retrained) beside that of retrained against retrained, of so many
models that forgot an example: below 100 it is mostly bias; F: forgetting quality of the NeurIPS'23 competition, beside the mean of its null.`}

// measured is measures, with what is kept where that was measured.
func (r *Result) measured() table {
	t := measures
	if !slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Besides.Kept != nil }) {
		return t
	}
	t.columns = append(slices.Clip(t.columns), column{"kept", func(r Row) string {
		k := r.Besides.Kept
		if k == nil || !k.Share.Value.Exists() {
			return "—"
		}
		percent := func(f attacks.Float) float64 { return 100 * float64(f) }
		return fmt.Sprintf("%+.1f%% [%+.1f, %+.1f]", percent(k.Share.Value), percent(k.Share.Low), percent(k.Share.High))
	}})
	t.legend += `
Kept: the share that is left of what the models before unlearning show, as an auditor sees it who replays each run without
what is forgotten; in brackets what the test of that would not have found. It finds smaller traces than the verdict
does, of methods that share the replay's chance, and is no part of it.`
	return t
}

// tests is every test of the verdicts, by name.
func (r *Result) tests() table {
	t := table{legend: `The p-value of each test, corrected for the statistics that it holds, and the first of those with the least; ** where
the test finds a difference at its share of the error probability.`}
	if len(r.Rows) == 0 {
		return t
	}
	for _, test := range testsOf(r.Rows[0]) {
		t.columns = append(t.columns, column{test.Name, func(row Row) string {
			for _, x := range testsOf(row) {
				if x.Name == test.Name {
					return strongest(x)
				}
			}
			return "—"
		}})
	}
	return t
}

func testsOf(r Row) []verdict.Test {
	return slices.Concat(r.Verdict.Privacy.Tests, r.Verdict.Closeness.Tests, r.Verdict.Utility.Tests)
}

func strongest(t verdict.Test) string {
	name, mark := "", ""
	for _, s := range t.Statistics {
		if s.P == t.P {
			name = s.Name
			break
		}
	}
	if t.Found {
		mark = "** "
	}
	return fmt.Sprintf("%s%.2g (%s)", mark, t.P, name)
}

// part is an outcome with what would have been found.
func part(p *verdict.Part, unit string) string {
	if p.Outcome == verdict.Failed {
		return string(p.Outcome)
	}
	if !p.Detectable.Exists() {
		return fmt.Sprintf("%s [—]", p.Outcome)
	}
	return fmt.Sprintf("%s [%.2g%s]", p.Outcome, 100*float64(p.Detectable), unit)
}

func measure(m verdict.Measure, digits int) string {
	if !m.Value.Exists() {
		return "—"
	}
	if !m.Low.Exists() || !m.High.Exists() {
		return fmt.Sprintf("%.*f", digits, float64(m.Value))
	}
	return fmt.Sprintf("%.*f [%.*f, %.*f]", digits, float64(m.Value), digits, float64(m.Low), digits, float64(m.High))
}

func accuracy(a verdict.Accuracy) string {
	if !a.Method.Exists() {
		return "—"
	}
	return fmt.Sprintf("%.1f of %.1f", 100*float64(a.Method), 100*float64(a.Retrained))
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

func klom(r Row) string {
	if r.KLOM.Null == nil {
		return "—"
	}
	return fmt.Sprintf("%.1f of %.1f (%d models)", r.KLOM.Null.UnlearnedKL95, r.KLOM.Null.KL95, r.KLOM.Null.Models)
}

func forgetting(r Row) string {
	if r.Forgetting == nil {
		return "—"
	}
	return fmt.Sprintf("%.3f of %.3f", r.Forgetting.F, r.Forgetting.NullMean)
}

// cells returns a table, head first.
func (r *Result) cells(t table) [][]string {
	head := []string{"models"}
	for _, c := range t.columns {
		head = append(head, c.head)
	}
	out := [][]string{head}
	for _, row := range r.Rows {
		line := []string{row.Name}
		for _, c := range t.columns {
			line = append(line, c.value(row))
		}
		out = append(out, line)
	}
	return out
}

// sentences returns the verdicts on the methods, one a line.
func (r *Result) sentences(prefix string) string {
	var b strings.Builder
	for i, row := range r.Rows {
		if i >= fixed {
			fmt.Fprintf(&b, "%s%s: %s", prefix, row.Name, row.Verdict)
			if row.Refused > 0 {
				fmt.Fprintf(&b, " It left %d of %d models as they were.", row.Refused, r.Setup.Shadows+r.Setup.Targets)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Warning says what makes an audit doubtful as a whole, "" if nothing does: a model
// before unlearning that it does not catch, or retraining that it does.
func (r *Result) Warning() string {
	var w []string
	if row, ok := r.Row(Before); ok && row.Verdict.Privacy.Outcome != verdict.Failed {
		w = append(w, "the models before unlearning are not told from models that never saw what they should forget: there is nothing to forget, or the audit is too small")
	}
	for _, name := range []string{Retrained, Reference} {
		if row, ok := r.Row(name); ok && row.Verdict.Outcome == verdict.Failed {
			w = append(w, fmt.Sprintf("%s fails, as it does in %.2g%% of audits at most", name, 100*(1-r.Level)))
		}
	}
	if len(w) == 0 {
		return ""
	}
	return "Beware: " + strings.Join(w, "; ") + "."
}

// String returns the verdicts and the measures as aligned text.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.heading())
	align(&b, r.cells(verdicts))
	fmt.Fprintf(&b, "\n%s", r.sentences(""))
	if w := r.Warning(); w != "" {
		fmt.Fprintf(&b, "\n%s\n", w)
	}
	fmt.Fprintf(&b, "\n%s\n\n", verdicts.legend)
	measured := r.measured()
	align(&b, r.cells(measured))
	fmt.Fprintf(&b, "\n%s\n", measured.legend)
	return b.String()
}

// align writes cells in columns.
func align(b *strings.Builder, cells [][]string) {
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
				b.WriteString("  " + c + pad)
			}
		}
		b.WriteByte('\n')
	}
}

// Markdown returns the same in Markdown.
func (r *Result) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.heading())
	for _, t := range []table{verdicts, r.measured(), r.tests()} {
		for i, line := range r.cells(t) {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "|---|%s\n", strings.Repeat("---|", len(line)-1))
			}
		}
		fmt.Fprintf(&b, "\n%s\n\n", t.legend)
	}
	b.WriteString(r.sentences("* "))
	if w := r.Warning(); w != "" {
		fmt.Fprintf(&b, "\n%s\n", w)
	}
	return b.String()
}
