package bench

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// awkward is a table whose names hold the markup of every format.
func awkward(t *testing.T) *Table {
	t.Helper()
	a := sample("mini", 1, 96)
	a.Dataset, a.Forget, a.Net = `a|b*c`, `ids:C:\x_y|z.txt`, `<b>&"net"</b>`
	a.NForget = 3
	b := a.failed("bad|`method`", errors.New("50% of {all} | $5 # ~ ^"))
	tab, err := NewTable([]Result{a, b})
	require.NoError(t, err)
	require.NoError(t, tab.Select("test %"))
	return tab
}

// TestMarkdownEscapes: no name or path adds a column or becomes markup.
func TestMarkdownEscapes(t *testing.T) {
	tab := awkward(t)
	md := tab.Markdown()
	require.Contains(t, md, `a\|b\*c, &lt;b&gt;&amp;"net"&lt;/b&gt;: 1257 examples, 3 to forget (ids:C:\\x_y\|z.txt);`)
	require.Contains(t, md, "| bad\\|\\`method\\` | — |\n")
	require.Contains(t, md, `50% of {all} \| $5 # ~ ^`)
	brief := tab.Brief()
	require.Contains(t, brief, `| ids:C:\\x_y\|z.txt | mini | 96.00 |`)
	for _, line := range strings.Split(md+brief, "\n") {
		if strings.HasPrefix(line, "| ids") || strings.HasPrefix(line, "| bad") || strings.HasPrefix(line, "| mini") {
			bars := strings.Count(line, "|") - strings.Count(line, `\|`)
			require.Contains(t, []int{3, 4}, bars, line)
		}
	}

	var rs []Result
	for _, m := range []string{"mini:0.1", "a|b:0.1"} {
		r := sample(m, 1, 96)
		r.Forget = "ids:a|b"
		rs = append(rs, r)
	}
	tab, err := NewTable(rs)
	require.NoError(t, err)
	against, err := tab.Against("mini")
	require.NoError(t, err)
	require.Contains(t, against, `| ids:a\|b | 0.1 | a\|b |`)
}

func TestLaTeX(t *testing.T) {
	got := awkward(t).LaTeX()
	require.Contains(t, got, "\\begin{tabular}{lr}\n\\toprule\nmethod & test \\% \\\\\n\\midrule\nmini & 96.00 \\\\\nbad\\textbar{}`method` & --- \\\\\n\\bottomrule\n")
	require.Contains(t, got, `\caption{a\textbar{}b*c, \textless{}b\textgreater{}\&"net"\textless{}/b\textgreater{}: 1257 examples, 3 to forget (ids:C:\textbackslash{}x\_y\textbar{}z.txt)`)
	require.Contains(t, got, `50\% of \{all\} \textbar{} \$5 \# \textasciitilde{} \textasciicircum{}.}`)
	tab, err := NewTable([]Result{sample("mini", 1, 96), sample("mini", 2, 97)})
	require.NoError(t, err)
	require.Contains(t, tab.LaTeX(), `mini & 96.50 $\pm$ 6.35 &`)
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	require.NoError(t, awkward(t).WriteCSV(&b))
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	at := map[string]int{}
	for i, h := range rows[0] {
		at[h] = i
	}
	require.Equal(t, `ids:C:\x_y|z.txt`, rows[1][at["forget"]])
	require.Equal(t, "96", rows[1][at["test %"]])
	require.Equal(t, "0", rows[1][at["test % ±"]])
	require.Equal(t, "", rows[2][at["test %"]], "what does not exist is empty")
	require.Equal(t, "0", rows[2][at["test % seeds"]])
	require.Contains(t, rows[2][at["error"]], "with seed 1: 50% of {all}")
}
