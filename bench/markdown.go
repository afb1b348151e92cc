package bench

import (
	"fmt"
	"strings"
)

// markdownEscapes keeps names and paths from being read as markup.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "*", `\*`, "`", "\\`", "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "\n", " ", "\r", " ",
)

// markdownRow returns a row of a table.
func markdownRow(cells ...string) string {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = markdownEscapes.Replace(c)
	}
	return "| " + strings.Join(escaped, " | ") + " |\n"
}

// Markdown returns the table in Markdown.
func (t *Table) Markdown() string {
	var b strings.Builder
	for i, s := range t.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n\n%s|---|%s\n", markdownEscapes.Replace(s.title), markdownRow(t.headers()...), strings.Repeat("---:|", len(t.Shown())))
		for _, row := range s.rows {
			b.WriteString(markdownRow(row...))
		}
		for _, n := range s.notes() {
			fmt.Fprintf(&b, "\n%s\n", markdownEscapes.Replace(n))
		}
	}
	return b.String()
}

// Brief returns one Markdown table of all sections, without their titles: the
// first column says what is forgotten. Guards that fired stand beneath, and why
// methods could not run.
func (t *Table) Brief() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|---|---|%s\n", markdownRow(append([]string{"forget"}, t.headers()...)...), strings.Repeat("---:|", len(t.Shown())))
	var fired, failed []string
	for _, s := range t.sections() {
		for _, row := range s.rows {
			b.WriteString(markdownRow(append([]string{s.Forget}, row...)...))
		}
		if g := s.each(s.Guards); g != "" {
			fired = append(fired, s.Forget+": "+g)
		}
		if f := s.each(s.Failures); f != "" {
			failed = append(failed, s.Forget+": "+f)
		}
	}
	if fired != nil {
		fmt.Fprintf(&b, "\n%s%s.\n", guardsHead, markdownEscapes.Replace(strings.Join(fired, " · ")))
	}
	if failed != nil {
		fmt.Fprintf(&b, "\n%s%s.\n", failuresHead, markdownEscapes.Replace(strings.Join(failed, " · ")))
	}
	return b.String()
}
