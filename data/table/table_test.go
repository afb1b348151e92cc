package table

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// file writes a file and returns its path.
func file(t testing.TB, name string, content []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func gzipped(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// encoded fits a table on all rows and returns their features.
func encoded(t testing.TB, tab *Table, o Options) ([]Column, [][]float32) {
	columns, err := tab.Fit(o, func(int) bool { return true })
	require.NoError(t, err)
	features := 0
	for c := range columns {
		features += columns[c].Features()
	}
	x := make([][]float32, tab.Rows())
	for i := range x {
		x[i] = make([]float32, features)
	}
	require.NoError(t, tab.Encode(columns, func(i int) []float32 { return x[i] }))
	return columns, x
}

const patients = "patient,age,sex,outcome\np-1,30,F,ill\np-2,50,M,well\n\"p-3\",40,\"F\",well\n"

// TestForms: one table in all the forms that it comes in.
func TestForms(t *testing.T) {
	plain := []byte(patients)
	zw, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	half := len(plain) / 2
	for name, content := range map[string][]byte{
		"plain":           plain,
		"no last newline": bytes.TrimSuffix(plain, []byte("\n")),
		"BOM":             append([]byte("\ufeff"), plain...),
		"CRLF":            bytes.ReplaceAll(plain, []byte("\n"), []byte("\r\n")),
		"blank lines":     bytes.ReplaceAll(plain, []byte("\n"), []byte("\n\n")),
		"spaces":          bytes.ReplaceAll(bytes.ReplaceAll(plain, []byte(`"`), nil), []byte(","), []byte(" ,\t")),
		"semicolons":      bytes.ReplaceAll(plain, []byte(","), []byte(";")),
		"tabs":            bytes.ReplaceAll(plain, []byte(","), []byte("\t")),
		"gzip":            gzipped(t, plain),
		"gzip members":    append(gzipped(t, plain[:half]), gzipped(t, plain[half:])...),
		"gzip with zeros": append(gzipped(t, plain), make([]byte, 512)...),
		"zstd":            zw.EncodeAll(plain, nil),
		"zstd in two":     append(zw.EncodeAll(plain[:half], nil), zw.EncodeAll(plain[half:], nil)...),
		"all in quotes":   []byte(strings.ReplaceAll(`"`+strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(patients, `"`, ""), ",", `","`), "\n", "\"\n\"")+`"`, "\n\"\"", "\n")),
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Label: "outcome", ID: "patient"}
			tab, err := Read(t.Context(), file(t, "a,b.csv", content), o)
			require.NoError(t, err)
			defer tab.Close()
			require.Equal(t, []string{"p-1", "p-2", "p-3"}, tab.Keys)
			require.Equal(t, []string{"ill", "well"}, tab.Labels)
			require.Equal(t, []int32{0, 1, 1}, tab.Y)
			columns, x := encoded(t, tab, o)
			const q = 1.2247449 // √(3/2)
			require.Equal(t, [][]float32{{-q, 1, 0}, {q, 0, 1}, {0, 1, 0}}, x)
			require.Equal(t, Column{Name: "age", Kind: Number, Mean: 40, Std: math.Sqrt(200.0 / 3)}, columns[1])
			require.Equal(t, Column{Name: "sex", Kind: Category, Categories: []string{"F", "M"}}, columns[2])

			row, err := Row(columns, o, map[string]string{"age": "50", "sex": "M"})
			require.NoError(t, err)
			require.Equal(t, x[1], row)
		})
	}
}

func TestInference(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		o          Options
		kinds      []Kind
		rows       int
		labels     []string
	}{
		{"no header", "1,a,0\n2,b,1\n", Options{Label: "-1"}, []Kind{Number, Category, Label}, 2, []string{"0", "1"}},
		{"header of words", "x,y\na,b\nc,d\n", Options{Label: "y"}, []Kind{Category, Label}, 2, []string{"b", "d"}},
		{"words and no header", "x,y\na,b\nc,d\n", Options{Label: "2", Header: NoHeader}, []Kind{Category, Label}, 3, []string{"b", "d", "y"}},
		{"numbers as header", "1990,2000\n1,0\n2,1\n", Options{Label: "2000", Header: WithHeader}, []Kind{Number, Label}, 2, []string{"0", "1"}},
		{"numbers as categories", "a,b\n1,x\n2,y\n", Options{Label: "b", Categorical: []string{"a"}}, []Kind{Category, Label}, 2, []string{"x", "y"}},
		{"labels from 1 with gaps", "1.0,10\n2,3e0\n3,1\n", Options{Label: "2"}, []Kind{Number, Label}, 3, []string{"1", "3", "10"}},
		{"HIGGS", "1.000000000000000000e+00,8.69e-01\n0.000000000000000000e+00,9.07e-01\n", Options{Label: "1"}, []Kind{Label, Number}, 2, []string{"0", "1"}},
		{"mixed categories", "a,b\n10,x\nB,y\n9,x\nA,x\n", Options{Label: "b"}, []Kind{Category, Label}, 4, []string{"x", "y"}},
		{"words and numbers", "a,b\n" + strings.Repeat("10,x\nB,y\n9,x\n", 4), Options{Label: "b"}, []Kind{Category, Label}, 12, []string{"x", "y"}},
		{"numbers as names", "a,b\n" + strings.Repeat("1,x\n2,y\n", 5) + "A,x\n", Options{Label: "b", Categorical: []string{"a"}}, []Kind{Category, Label}, 11, []string{"x", "y"}},
		{"a word for nothing", "a,b\n" + strings.Repeat("1,x\n2,y\n", 5) + "abc,x\n", Options{Label: "b", NA: []string{"abc"}, Missing: "drop"}, []Kind{Number, Label}, 10, []string{"x", "y"}},
		{"dropped", "a,b,c\n1,x,foo\n2,y,bar\n", Options{Label: "b", Drop: []string{"c"}}, []Kind{Number, Label, Dropped}, 2, []string{"x", "y"}},
		{"columns of missing values", "a,b\nNA,x\n?,y\n3,x\n", Options{Label: "b", Missing: "mean"}, []Kind{Number, Label}, 3, []string{"x", "y"}},
		{"trimmed labels", "1,<=50K.\n2,>50K.\n", Options{Label: "2", TrimLabel: "."}, []Kind{Number, Label}, 2, []string{"<=50K", ">50K"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tab, err := Read(t.Context(), file(t, "f.csv", []byte(tc.text)), tc.o)
			require.NoError(t, err)
			var kinds []Kind
			for _, c := range tab.Columns() {
				kinds = append(kinds, c.Kind)
			}
			require.Equal(t, tc.kinds, kinds)
			require.Equal(t, tc.rows, tab.Rows())
			require.Equal(t, tc.labels, tab.Labels)
		})
	}
}

func TestMissing(t *testing.T) {
	text := "a,c,y\n1,u,0\n,v,1\n4,?,0\n1,u,1\n6,u,0\n"
	for policy, want := range map[string][][]float32{
		"drop":   {{1, 1}, {1, 1}, {6, 1}},
		"mean":   {{1, 0, 1, 0}, {3, 0, 0, 1}, {4, 1, 0, 0}, {1, 0, 1, 0}, {6, 0, 1, 0}},
		"median": {{1, 0, 1, 0}, {2.5, 0, 0, 1}, {4, 1, 0, 0}, {1, 0, 1, 0}, {6, 0, 1, 0}},
		"zero":   {{1, 0, 1, 0}, {0, 0, 0, 1}, {4, 1, 0, 0}, {1, 0, 1, 0}, {6, 0, 1, 0}},
	} {
		o := Options{Label: "y", Missing: policy, Raw: true}
		tab, err := Read(t.Context(), file(t, "f.csv", []byte(text)), o)
		require.NoError(t, err)
		_, x := encoded(t, tab, o)
		require.Equal(t, want, x, policy)
	}
	// Standardised, the column has mean 0 and deviation 1 with what was filled in.
	o := Options{Label: "y", Missing: "zero"}
	tab, err := Read(t.Context(), file(t, "f.csv", []byte(text)), o)
	require.NoError(t, err)
	_, x := encoded(t, tab, o)
	sum, squares := 0.0, 0.0
	for _, row := range x {
		sum += float64(row[0])
		squares += float64(row[0]) * float64(row[0])
	}
	require.InDelta(t, 0, sum, 1e-6)
	require.InDelta(t, 5, squares, 1e-5)
}

func TestCodesAndUnseen(t *testing.T) {
	o := Options{Label: "y", Codes: true, Unseen: true}
	tab, err := Read(t.Context(), file(t, "f.csv", []byte("c,y\nu,0\nv,1\nw,0\n")), o)
	require.NoError(t, err)
	columns, err := tab.Fit(o, func(i int) bool { return i < 2 })
	require.NoError(t, err)
	x := make([]float32, 3)
	require.NoError(t, tab.Encode(columns, func(i int) []float32 { return x[i:][:1] }))
	require.Equal(t, []float32{0, 1, 2}, x, "the code after the last")

	o.Codes = false
	columns, err = tab.Fit(o, func(i int) bool { return i < 2 })
	require.NoError(t, err)
	x = make([]float32, 6)
	require.NoError(t, tab.Encode(columns, func(i int) []float32 { return x[2*i:][:2] }))
	require.Equal(t, []float32{1, 0, 0, 1, 0, 0}, x)
}

// TestPlace: errors have the file, the line and the column, and say what to do.
func TestPlace(t *testing.T) {
	y := Options{Label: "y"}
	for _, tc := range []struct {
		name, text string
		o          Options
		want       string
	}{
		{"empty", "", y, `f.csv:1: an empty file`},
		{"header alone", "a,y\n", y, `f.csv:1: no rows`},
		{"no label", "a,y\n1,0\n", Options{}, `which column has the class to learn? say label=NAME; there are "a", "y"`},
		{"label not there", "a,outcome\n1,0\n", Options{Label: "outcom"}, `label: no column "outcom"; did you mean "outcome"?`},
		{"label number", "a,y\n1,0\n", Options{Label: "3"}, `label: no column 3; there are 2`},
		{"two of one name", "y,y\na,b\n", Options{Label: "y", Header: WithHeader}, `columns 1 and 2 are both named "y"`},
		{"twice used", "a,y\n1,0\n", Options{Label: "y", Drop: []string{"y"}}, `"y" is the label already`},
		{"ragged", "a,y\n1,0\n1,0,3\n", y, `f.csv:3: 3 fields; the first line has 2`},
		{"ragged later", "a,y\n1,0\n\"1\"\n", y, `f.csv:3: 1 fields`},
		{"NaN", "a,y\n1,0\nNaN,1\n", y, `f.csv:3: column "a": no value ("NaN"); say what to do`},
		{"infinite", "a,y\n1,0\n1e999,1\n", y, `f.csv:3: column "a": "1e999" is not a finite number`},
		{"Inf", "a,y\n1,0\n-Inf,1\n", y, `f.csv:3: column "a": "-Inf" is not a finite number`},
		{"no label value", "a,y\n1,0\n2,\n", Options{Label: "y", Missing: "mean"}, `f.csv:3: column "y": no value`},
		{"no id", "i,a,y\n1,1,0\n,2,1\n", Options{Label: "y", ID: "i", Missing: "mean"}, `f.csv:3: column "i": no id`},
		{"id twice", "i,a,y\n7,1,0\n8,1,1\n\n7,2,1\n", Options{Label: "y", ID: "i"}, `f.csv:5: column "i": the id "7" is that of line 2 already`},
		{"key twice", "i,a,y\np,1,0\n\"q\",1,1\np,2,1\n", Options{Label: "y", ID: "i"}, `f.csv:4: column "i": the id "p" is that of line 2 already`},
		{"bare quote", "a,y\n1,0\n5\" pipe,1\n", y, `f.csv:3: column "a": a quote within a field`},
		{"open quote", "a,y\n1,0\n\"5,1\n", y, `f.csv:3: column "a": a quoted field is not closed`},
		{"one class", "a,y\n1,0\n2,0\n", y, `column "y": every row has the label "0"`},
		{"UTF-16", "\xff\xfea\x00,\x00", y, `UTF-16`},
		{"no features", "i,y\n1,0\n2,1\n", Options{Label: "y", ID: "i"}, `no column is left`},
		{"a million columns", strings.Repeat(",", 999_999) + "\n", y, `f.csv:1: 1000000 columns; 100000 are read`},
		{"policy", "a,y\n1,0\n", Options{Label: "y", Missing: "guess"}, `unknown policy "guess"; there are error, drop`},
		{"regression", "a,y\n" + numbers(300), y, `column "y": 300 different labels in 300 rows`},
		{"names", "a,y\n" + names(10_001), y, `column "a": 10001 different values, such as "n0", "n1"; leave the column out`},
		{"a word among numbers", "a,y\n" + strings.Repeat("1,0\n2,1\n", 5) + "abc,1\n", y,
			`f.csv:12: column "a": "abc" is no number, and 10 other values of the column are; correct it, say na=abc if it stands for a missing value, categorical=a`},
		{"words before numbers", "a,y\n" + strings.Repeat("abc,1\n", 11) + strings.Repeat("1,0\n2,1\n", 55), y,
			`f.csv:2: column "a": "abc" is no number, and 110 other values of the column are`},
		{"words behind numbers", "a,y\n" + strings.Repeat("1,0\n2,1\n", 55) + strings.Repeat("abc,1\n", 11), y,
			`f.csv:112: column "a": "abc" is no number, and 110 other values of the column are`},
		{"a long word among numbers", "a,y\n" + strings.Repeat("1,0\n2,1\n", 5) + strings.Repeat("w", 41) + ",1\n", y,
			`w…" is no number, and 10 other values of the column are; correct it, say categorical=a if`},
		{"sum", "a,y\n1e308,0\n1e308,1\n", y, `column "a": its values are too large`},
		{"float32", "a,y\n1e39,0\n1,1\n", Options{Label: "y", Raw: true}, `f.csv:2: column "a": 1e+39 is too large for a float32`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file(t, "f.csv", []byte(tc.text))
			tab, err := Read(t.Context(), path, tc.o)
			if err == nil {
				var columns []Column
				columns, err = tab.Fit(tc.o, func(int) bool { return true })
				if err == nil {
					err = tab.Encode(columns, func(int) []float32 { return make([]float32, 1) })
				}
			}
			require.ErrorContains(t, err, tc.want)
			require.Contains(t, err.Error(), "data: ")
		})
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,%d.5\n", i, i)
	}
	return b.String()
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d,%d\n", i, i%2)
	}
	return b.String()
}

// big is a table of several blocks, in which a quoted line break, an id and a
// category occur.
func big(n int) []byte {
	var b bytes.Buffer
	b.WriteString("id,a,b,c,y\n")
	for i := range n {
		if i%1000 == 7 {
			fmt.Fprintf(&b, "\"k\n%d\",%d,%g,\"c\"\"%d\",%d\n", i, i, 1/float64(i+1), i%5, i%3)
		} else {
			fmt.Fprintf(&b, "k-%d,%d,%g,c%d,%d\n", i, i, 1/float64(i+1), i%7, i%3)
		}
	}
	return b.Bytes()
}

// TestSame: the number of processors, and whether rows went through a file,
// change nothing.
func TestSame(t *testing.T) {
	path := file(t, "big.csv", big(120_000))
	o := Options{Label: "y", ID: "id"}
	load := func(o Options) ([]Column, [][]float32, *Table) {
		tab, err := Read(t.Context(), path, o)
		require.NoError(t, err)
		columns, x := encoded(t, tab, o)
		return columns, x, tab
	}
	columns, x, tab := load(o)
	require.Len(t, x, 120_000)
	require.Greater(t, len(tab.spans), 3)
	require.Equal(t, "k\n7", tab.Keys[7])
	require.Equal(t, 2, tab.Line(0))
	require.Equal(t, 9, tab.Line(7))
	require.Equal(t, 11, tab.Line(8), "behind a line break in a field")
	require.Equal(t, 2+119_999+120, tab.Line(119_999))
	require.InDelta(t, 119_999/2.0, columns[1].Mean, 1e-6)

	old := runtime.GOMAXPROCS(1)
	oneColumns, oneX, one := load(o)
	runtime.GOMAXPROCS(old)
	require.Equal(t, columns, oneColumns)
	require.Equal(t, x, oneX)
	require.Equal(t, tab.Y, one.Y)
	require.Equal(t, tab.Keys, one.Keys)

	o.Memory = 1 << 20
	spooled, spooledX, through := load(o)
	require.NotNil(t, through.x.file)
	require.Equal(t, columns, spooled)
	require.Equal(t, x, spooledX)
	through.Close()
}

// TestLateMistake: a value that is no number far behind the first block is an
// error with its line, not a column of words.
func TestLateMistake(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("a,y\n")
	for i := range 400_000 {
		fmt.Fprintf(&b, "%d,%d\n", i, i%2)
	}
	b.WriteString("abc,1\n")
	_, err := Read(t.Context(), file(t, "f.csv", b.Bytes()), Options{Label: "y"})
	var bad *files.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 400_002, bad.Line)
	require.Equal(t, "a", bad.Column)
	require.ErrorContains(t, err, `"abc" is not a finite number`)
}

func TestSparse(t *testing.T) {
	text := "+1 1:0.5 3:-2 # c\n-1 2:1e3\n# nothing\n\n1 qid:3 1:7\n"
	o := Options{Sparse: true, Raw: true}
	tab, err := Read(t.Context(), file(t, "f.svm.gz", gzipped(t, []byte(text))), o)
	require.NoError(t, err)
	require.Equal(t, []string{"-1", "1"}, tab.Labels)
	require.Equal(t, []int32{1, 0, 1}, tab.Y)
	_, x := encoded(t, tab, o)
	require.Equal(t, [][]float32{{0.5, 0, -2}, {0, 1000, 0}, {7, 0, 0}}, x)
	require.Equal(t, 5, tab.Line(2))

	for text, want := range map[string]string{
		"":                                "no rows",
		"1\n":                             "no rows with features",
		"1 0:1\n":                         `:1: "0" is not an index from 1`,
		"1 1:1\n0 2:1 2:2\n":              ":2: index 2 follows 2",
		"1 1:x\n":                         `index 1: "x" is not a finite number`,
		"1 1:nan\n":                       `is not a finite number`,
		"a 1:1\n":                         `"a" is not a number; a line begins with its label`,
		"1 7\n":                           `"7" is not index:value`,
		"1 1:1\n1 1:2\n":                  `every row has the label "1"`,
		"1 100000:1\n0 1:1\n" + zeros(90): "MiB when zeros are written out",
	} {
		_, err := Read(t.Context(), file(t, "f.svm", []byte(text)), Options{Sparse: true})
		require.ErrorContains(t, err, want)
	}
}

func zeros(n int) string { return strings.Repeat("0 1:1\n", n) }

func TestCancelled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := Read(ctx, file(t, "f.csv", []byte(patients)), Options{Label: "outcome"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNotRegular(t *testing.T) {
	for _, path := range []string{"/dev/zero", t.TempDir()} {
		_, err := Read(t.Context(), path, Options{Label: "y"})
		require.ErrorContains(t, err, "data: open "+path)
	}
}

// FuzzRead: no file crashes a reader or takes memory out of proportion, and what
// is read has finite features.
func FuzzRead(f *testing.F) {
	for _, s := range append(csvTexts, patients, "a,y\n1,0\n2,1\n", "1,2,3\n4,5,6\n", "1 1:2\n0 2:3\n", "a;y\n1;0\nNA;1\n") {
		f.Add([]byte(s), "y", uint8(0))
		f.Add([]byte(s), "-1", uint8(5))
	}
	f.Fuzz(func(t *testing.T, text []byte, label string, how uint8) {
		o := Options{Label: label, Missing: Policies()[int(how)%5], Unseen: how&16 != 0, Codes: how&32 != 0, Sparse: how&64 != 0, Memory: 1 << 20, Header: Header(how>>7) * NoHeader}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		defer func() {
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(3000*len(text)+64<<20))
		}()
		open := func() (io.ReadCloser, error) { return files.NewReader(bytes.NewReader(text), "f", files.Growth{}) }
		tab, err := ReadText(t.Context(), "f", o, open)
		if err != nil {
			return
		}
		defer tab.Close()
		columns, err := tab.Fit(o, func(i int) bool { return i%3 != 1 })
		if err != nil {
			return
		}
		features := 0
		for c := range columns {
			features += columns[c].Features()
		}
		row := make([]float32, features)
		_ = tab.Encode(columns, func(i int) []float32 {
			if i > 0 {
				return nil
			}
			return row
		})
		for _, v := range row {
			require.False(t, v-v != 0, "not finite")
		}
	})
}
