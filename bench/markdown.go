package bench

import (
	"fmt"
	"slices"
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
// first columns say what is forgotten and, where sections differ in these, of which
// data and by which net. Guards that fired stand beneath, and why methods could not run.
func (t *Table) Brief() string {
	sections := t.sections()
	head, where := []string{"forget"}, func(s section) []string { return []string{s.Forget} }
	for _, c := range []struct {
		head string
		of   func(s section) string
	}{{"net", func(s section) string { return s.key.net }}, {"data", func(s section) string { return s.key.dataset }}} {
		differ := slices.ContainsFunc(sections, func(s section) bool { return c.of(s) != c.of(sections[0]) })
		if rest := where; differ {
			head = append([]string{c.head}, head...)
			where = func(s section) []string { return append([]string{c.of(s)}, rest(s)...) }
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s|%s\n", markdownRow(append(head, t.headers()...)...), strings.Repeat("|---", len(head)+1), strings.Repeat("---:|", len(t.Shown())))
	var fired, failed []string
	for _, s := range sections {
		for _, row := range s.rows {
			b.WriteString(markdownRow(append(where(s), row...)...))
		}
		place := strings.Join(where(s), ", ")
		if g := s.each(s.Guards); g != "" {
			fired = append(fired, place+": "+g)
		}
		if f := s.each(s.Failures); f != "" {
			failed = append(failed, place+": "+f)
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
