package bench

import (
	"fmt"
	"strings"
)

// latexEscapes keeps names and paths from being read as commands.
var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
	"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
	"±", `$\pm$`, "—", "---", "−", `$-$`, "·", `$\cdot$`, "→", `$\to$`, "\n", " ", "\r", " ",
)

// LaTeX returns the table for a document that uses the package booktabs: one
// environment table for each section.
func (t *Table) LaTeX() string {
	var b strings.Builder
	row := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				b.WriteString(" & ")
			}
			b.WriteString(latexEscapes.Replace(c))
		}
		b.WriteString(` \\` + "\n")
	}
	for i, s := range t.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\\begin{table}\n\\centering\n\\begin{tabular}{l%s}\n\\toprule\n", strings.Repeat("r", len(t.Shown())))
		row(t.headers())
		b.WriteString("\\midrule\n")
		for _, r := range s.rows {
			row(r)
		}
		caption := append([]string{s.title + "."}, s.notes()...)
		fmt.Fprintf(&b, "\\bottomrule\n\\end{tabular}\n\\caption{%s}\n\\end{table}\n", latexEscapes.Replace(strings.Join(caption, " ")))
	}
	return b.String()
}
