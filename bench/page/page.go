package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/charts"
	"github.com/miniunlearn/miniunlearn/internal/palette"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	layout = template.Must(template.New("page").Parse(pageHTML))
)

// Page is what a page shows. It needs results or audits.
type Page struct {
	Title   string // "" names the data sets and networks
	Table   *bench.Table
	Audits  []Audit
	Sources []Source
	// Echoes are texts to stand at the end, such as the experiment's file.
	Echoes []Echo
}

// Source is a file that the page was made from.
type Source struct{ Name, Note string }

// Echo is a text to be shown as it is.
type Echo struct{ Name, Text string }

// The types below are what page.html is filled with.
type (
	view struct {
		Title, Lead string
		CSS         template.CSS
		JS          template.JS
		Contents    []entry
		Studies     []study
		Audits      []auditView
		Measures    []head
		Sources     []Source
		Echoes      []Echo
	}
	entry struct{ Anchor, Name, Note string }
	study struct {
		Anchor, Name, Setting string
		Findings              []finding
		Figures               []figure
		Tables                []table
	}
	finding struct {
		Swatch                template.HTML
		Method, Verdict, Text string
	}
	figure struct {
		SVG     template.HTML
		Caption string
	}
	table struct {
		Name   string
		Open   bool
		Heads  []head
		Bodies []body
	}
	head struct {
		Name, Meaning string
		Text          bool
	}
	body struct {
		Reference bool
		Rows      []row
	}
	row struct {
		Swatch template.HTML
		Method string
		Cells  []cell
	}
	cell struct {
		Class, Value, Mean, Half, Note, Title string
		Span                                  int
	}
)

// Write writes the page: one file that needs no other.
func (p Page) Write(w io.Writer) error {
	v := view{Title: p.Title, CSS: template.CSS(pageCSS), JS: template.JS(pageJS), Sources: p.Sources, Echoes: p.Echoes}
	var names []string
	if p.Table != nil {
		for i, s := range p.Table.Studies() {
			made, err := newStudy(s, p.Table.Shown())
			if err != nil {
				return fmt.Errorf("page: %w", err)
			}
			made.Anchor = "study-" + strconv.Itoa(i+1)
			v.Studies = append(v.Studies, made)
			v.Contents = append(v.Contents, entry{made.Anchor, made.Name, s.Setting})
			names = append(names, made.Name)
		}
		for _, c := range p.Table.Shown() {
			v.Measures = append(v.Measures, head{Name: c.Head, Meaning: c.Meaning})
		}
	}
	for i, a := range p.Audits {
		made, err := newAudit(a)
		if err != nil {
			return fmt.Errorf("page: %w", err)
		}
		made.Anchor = "audit-" + strconv.Itoa(i+1)
		v.Audits = append(v.Audits, made)
		v.Contents = append(v.Contents, entry{made.Anchor, made.Name, ""})
		names = append(names, made.Name)
	}
	if len(v.Studies)+len(v.Audits) == 0 {
		return fmt.Errorf("page: no results to show; give some of bench/sweep or of an audit")
	}
	v.Lead = p.lead()
	if v.Title == "" {
		v.Title = "Unlearning: " + strings.Join(distinct(names), "; ")
	}
	if err := layout.Execute(w, v); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// lead says in a sentence what the page holds.
func (p Page) lead() string {
	var parts []string
	if p.Table != nil {
		methods, failed := map[string]bool{}, 0
		for _, r := range p.Table.Results {
			methods[r.Method] = true
			if r.Error != "" {
				failed++
			}
		}
		text := fmt.Sprintf("%s of %s", plural(len(p.Table.Results), "result"), plural(len(methods), "method"))
		if n := len(p.Table.Studies()); n > 1 {
			text += fmt.Sprintf(" in %d studies", n)
		}
		if failed > 0 {
			text += fmt.Sprintf(", of which %d could not be computed and say why", failed)
		}
		parts = append(parts, text)
	}
	if n := len(p.Audits); n > 0 {
		parts = append(parts, plural(n, "audit")+" with shadow models")
	}
	text := strings.Join(parts, ", and ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// distinct returns names without repetitions.
func distinct(names []string) (out []string) {
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// swatch returns the look of a method.
func swatch(method string) template.HTML {
	return template.HTML(palette.Of(method).Swatch()) // its parts are numbers and colours
}

func newStudy(s bench.Study, columns []bench.Column) (study, error) {
	out := study{Name: s.Dataset + " · " + s.Net, Setting: s.Setting}
	for _, f := range s.Findings() {
		out.Findings = append(out.Findings, finding{swatch(f.Method), f.Method, sentence(f.Verdict), f.Text})
	}
	var figures []*charts.Figure
	for _, by := range []string{"", charts.ByRatio} {
		some, err := charts.Of(s, by, nil)
		if err != nil { // nothing to draw in this way
			continue
		}
		figures = append(figures, some...)
	}
	for _, f := range append(figures, charts.Traces(s)...) {
		made, err := newFigure(f)
		if err != nil {
			return study{}, err
		}
		out.Figures = append(out.Figures, made)
	}
	for i, g := range s.Groups {
		out.Tables = append(out.Tables, newTable(g, columns, i == 0))
	}
	return out, nil
}

func newFigure(f *charts.Figure) (figure, error) {
	svg, err := f.SVG()
	if err != nil {
		return figure{}, err
	}
	return figure{template.HTML(svg), f.Caption}, nil // texts in it are escaped
}

// sentence begins a text with a capital.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func newTable(g *bench.Group, columns []bench.Column, open bool) table {
	t := table{Name: g.Forget, Open: open, Heads: []head{{Name: "method", Text: true, Meaning: "method and budget"}}}
	if len(g.Results) > 0 {
		t.Name = fmt.Sprintf("%s: %d of %d examples to forget", g.Forget, g.Results[0].NForget, g.Results[0].N)
	}
	for _, c := range columns {
		t.Heads = append(t.Heads, head{Name: c.Head, Meaning: c.Meaning})
	}
	notes := false
	for _, m := range g.Methods {
		notes = notes || g.Route(m) != "" || g.Guards(m) != ""
	}
	if notes {
		t.Heads = append(t.Heads, head{Name: "route and guards", Text: true, Meaning: "which way a method with several went, and how often its safeguards changed what it does, over all seeds"})
	}
	reference, judged := body{Reference: true}, body{}
	for _, m := range g.Methods {
		to := &judged
		if bench.IsReference(m) {
			to = &reference
		}
		to.Rows = append(to.Rows, newRow(g, m, columns, notes))
	}
	for _, b := range []body{reference, judged} {
		if len(b.Rows) > 0 {
			t.Bodies = append(t.Bodies, b)
		}
	}
	return t
}

func newRow(g *bench.Group, method string, columns []bench.Column, notes bool) row {
	r := row{Swatch: swatch(method), Method: method}
	failures := g.Failures(method)
	ran := false
	for _, res := range g.Of(method) {
		ran = ran || res.Error == ""
	}
	if !ran {
		span := len(columns)
		if notes {
			span++
		}
		r.Cells = []cell{{Class: "failed", Mean: "could not run " + failures, Span: span}}
		return r
	}
	for _, c := range columns {
		s := c.Summary(g.Of(method))
		made := cell{}
		if within, known := g.Within(c, method); within && known && method != "retrain" {
			made.Class, made.Title = "floor", "within the noise floor"
		}
		text, note, _ := strings.Cut(c.Format(s), " (")
		made.Mean, made.Half, _ = strings.Cut(text, " ± ")
		if note != "" {
			made.Note = "(" + note
			made.Title = strings.TrimSpace("could not run " + failures)
			if failures == "" {
				made.Title = "no value with the other seeds"
			}
		}
		if s.Exists() {
			made.Value = strconv.FormatFloat(s.Mean, 'g', -1, 64)
		}
		r.Cells = append(r.Cells, made)
	}
	if notes {
		var said []string
		for _, s := range []string{g.Route(method), g.Guards(method)} {
			if s != "" {
				said = append(said, s)
			}
		}
		r.Cells = append(r.Cells, cell{Class: "text", Mean: strings.Join(said, "; ")})
	}
	return r
}
