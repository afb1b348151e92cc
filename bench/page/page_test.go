package page

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/bench"
)

// made returns the table of methods with seeds; forget sets of several shares.
func made(t *testing.T, forgets []string, seeds int, methods ...string) *bench.Table {
	t.Helper()
	var rs []bench.Result
	for i, forget := range forgets {
		for j, m := range methods {
			for seed := range seeds {
				v := bench.Float(0.01*float64(j) + 0.002*float64(seed*(j%3)))
				rs = append(rs, bench.Result{Dataset: "digits", Net: "mlp:64-128-10", Method: m, Forget: forget, Seed: uint64(seed), N: 1000, NForget: 100 * (i + 1),
					TestAcc: 95 - 10*v, ExcessRemoved: 20 * v, KSForget: v, KLForget: v / 10, RelDist: v, LR: attacks.Missing(),
					GradEvals: 100, RetrainGradEvals: 1000, Seconds: 1, RetrainSeconds: 2})
			}
		}
	}
	tab, err := bench.NewTable(rs)
	require.NoError(t, err)
	return tab
}

func written(t *testing.T, p Page) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	return b.String()
}

var methods = []string{"before", "retrain", "retrain-other-seed", "mini:0.1", "mini:0.2"}

// TestPage: the page is whole, and needs nothing else.
func TestPage(t *testing.T) {
	text := written(t, Page{Table: made(t, []string{"random:0.1", "random:0.2"}, 3, methods...), Sources: []Source{{"r.jsonl", "30 results"}}, Echoes: []Echo{{"the experiment", `{"seeds": "1-3"}`}}})
	for _, want := range []string{
		"<title>Unlearning: digits · mlp:64-128-10</title>", "30 results of 5 methods.", "1000 examples, ", "against cost", "against the share forgotten",
		"random:0.1: 100 of 1000 examples to forget", `<tbody class="reference">`, `class="floor"`, "<code>r.jsonl</code>: 30 results", "{&#34;seeds&#34;: &#34;1-3&#34;}",
		"What the columns mean", "share of the extra logit gap",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 2, strings.Count(text, `<table class="results">`))
	require.Equal(t, 1, strings.Count(text, "<details open>"))
	require.Empty(t, regexp.MustCompile(`(src|href)="[^#][^"]*"|url\(|@import`).FindAllString(text, -1), "one file that needs no other")
	require.NotContains(t, text, ">NaN")
	require.Equal(t, text, written(t, Page{Table: made(t, []string{"random:0.1", "random:0.2"}, 3, methods...), Sources: []Source{{"r.jsonl", "30 results"}}, Echoes: []Echo{{"the experiment", `{"seeds": "1-3"}`}}}))
}

// TestLittle: one value, one budget, and failures alone make sensible pages.
func TestLittle(t *testing.T) {
	text := written(t, Page{Table: made(t, []string{"class:3"}, 1, "mini")})
	require.Contains(t, text, "1 result of 1 method.")
	require.Contains(t, text, "No judgement without two seeds")
	require.Contains(t, text, "<figure>")
	require.NotContains(t, text, "against the share forgotten")

	failed := bench.Result{Dataset: "digits", Net: "logistic", Method: "mini", Forget: "random:0.1", Seed: 3, N: 10, NForget: 1, Error: "out of budget"}
	for _, f := range []*bench.Float{&failed.TestAcc, &failed.ExcessRemoved, &failed.KSForget, &failed.KLForget, &failed.RelDist} {
		*f = attacks.Missing()
	}
	tab, err := bench.NewTable([]bench.Result{failed})
	require.NoError(t, err)
	text = written(t, Page{Table: tab})
	require.Contains(t, text, "of which 1 could not be computed and say why")
	require.Contains(t, text, "could not run with seed 3: out of budget")
	require.NotContains(t, text, "<figure>", "there is nothing to draw")
}

// TestEscapes: names are text.
func TestEscapes(t *testing.T) {
	tab := made(t, []string{`ids:<script>x</script>"&`}, 2, "before", "<img src=x onerror=alert(1)>:0.1", "retrain")
	text := written(t, Page{Table: tab, Title: "</title><script>", Sources: []Source{{"<b>", "</code>"}}})
	require.Equal(t, 1, strings.Count(text, "<script"), "the page's own")
	require.NotContains(t, text, "<img")
	require.NotContains(t, text, "<b></code>")
}

const audit = `{"setup":{"dataset":"mnist/train","arch":"mlp:784-10","examples":100,"candidates":100,"shadows":8,"targets":4,"share":0.2,"epochs":3,"seed":1,"engine":"e","new_field":1},
"rows":[{"name":"before","u_lira":{"privacy":{"auc":{"estimate":0.6,"low":0.55,"high":0.65},"tpr_at_fpr":[{"target_fpr":0.1,"tpr":0.2,"tpr_low":0.15,"tpr_high":0.25,"resolvable":true},{"target_fpr":0.01,"tpr":0.05,"tpr_low":0.02,"tpr_high":0.1,"resolvable":true}]},
"direction":{"auc":{"estimate":0.6,"low":0.5,"high":0.7}},"verdict":"under-unlearned"}},
{"name":"mini","verdict":{"outcome":"passed","level":0.95,"models":12,"privacy":{"outcome":"passed","detectable":0.05}},"u_lira":{"privacy":{"auc":{"estimate":0.5,"low":0.45,"high":0.55},"tpr_at_fpr":[{"target_fpr":0.1,"tpr":0.1,"tpr_low":0.05,"tpr_high":0.15,"resolvable":true}]},"finding":"nothing found"},"klom":{"mean_w1":0.34}}]}`

func TestAudit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "results.json")
	require.NoError(t, os.WriteFile(path, []byte(audit), 0o600))
	for _, p := range []string{path, dir} {
		a, err := ReadAudit(p)
		require.NoError(t, err)
		text := written(t, Page{Audits: []Audit{a}})
		for _, want := range []string{"1 audit with shadow models.", "Audit of mnist/train · mlp:784-10", "under-unlearned", ">passed<", "<b>Passed</b> at 95% with 12 models: privacy passed, nothing was found where 5%", ">0.600 <small>[0.550, 0.650]</small>", ">5.0%<", "before (AUC 0.600)", ">0.34<"} {
			require.Contains(t, text, want)
		}
	}
	for _, c := range []struct{ content, want string }{
		{"{", "unexpected end"},
		{"{}", "no setup or no rows"},
		{`{"setup":{"dataset":"d"},"rows":[{"name":"x"}]}`, "row 1 has no name or no privacy game"},
		{"[]", "cannot unmarshal"},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
		_, err := ReadAudit(path)
		require.ErrorIs(t, err, ErrNoAudit)
		require.ErrorContains(t, err, c.want)
	}
	_, err := ReadAudit(filepath.Join(dir, "none.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestNothing(t *testing.T) {
	require.ErrorContains(t, Page{}.Write(&bytes.Buffer{}), "no results to show")
	require.ErrorIs(t, Page{Table: made(t, []string{"class:3"}, 1, "mini")}.Write(full{}), errFull)
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestSort clicks on a head in a browser: reference rows stay where they are.
func TestSort(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium, Debian's package of that name, to open the page with")
	}
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("set MINIUNLEARN_LONG=1 to start a browser")
	}
	text := written(t, Page{Table: made(t, []string{"random:0.1"}, 2, "before", "b", "a", "c", "retrain")})
	const probe = `<script>
const table = document.querySelector("table.results"), head = table.tHead.rows[0].cells;
const names = () => [...table.querySelectorAll("tbody th")].map(c => c.textContent.trim()).join(",");
const out = document.createElement("p"); out.id = "probe"; const say = () => out.textContent += "[" + names() + "]";
say(); head[0].firstChild.click(); say(); head[0].firstChild.click(); say(); head[0].firstChild.click(); say();
head[1].firstChild.click(); say();
document.body.append(out);
</script></body>`
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(text, "</body>", probe, 1)), 0o600))
	dom, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+file).Output()
	require.NoError(t, err)
	require.Contains(t, string(dom), `<p id="probe">[before,retrain,b,a,c][before,retrain,a,b,c][before,retrain,c,b,a][before,retrain,b,a,c][before,retrain,c,a,b]</p>`)
}

func ExamplePage_Write() {
	// results come from bench.ReadFile("results.jsonl"), for example.
	results := []bench.Result{{Dataset: "digits", Net: "logistic", Method: "mini", Forget: "random:0.1", N: 10, NForget: 1, RetrainGradEvals: 1}}
	table, err := bench.NewTable(results)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := (Page{Table: table}).Write(&b); err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strings.SplitAfter(b.String(), "\n")[0])
	// Output: <!DOCTYPE html>
}
