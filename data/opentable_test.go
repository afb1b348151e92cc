package data

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// patients is a table of n rows; leave reports rows that are not in it.
func patients(n int, leave func(i int) bool) string {
	var b strings.Builder
	b.WriteString("patient,age,sex,outcome\n")
	for i := range n {
		if leave == nil || !leave(i) {
			fmt.Fprintf(&b, "p-%d,%d,%s,%s\n", i, 20+i*7%60, []string{"F", "M"}[i%2], []string{"ill", "well", "well"}[i%3])
		}
	}
	return b.String()
}

func write(t testing.TB, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const asPatients = "?label=outcome&id=patient"

func TestOpenTable(t *testing.T) {
	path := write(t, "patients, all.csv", patients(300, nil)) // a comma and a space in the path
	s, err := Open(t.Context(), "csv:"+path+asPatients+"&validation=0.1")
	require.NoError(t, err)
	require.Equal(t, []int{210, 30, 60}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, []int{20, 40}, s.Test.ClassCounts(), "stratified")
	require.Equal(t, []int{3}, s.Train.Shape)
	require.Equal(t, "ill", s.Train.ClassName(0))
	require.Equal(t, "patients, all.csv", s.Name)

	// The numbers of the training part, and of no other, are standardised.
	st := ChannelStats(s.Train)
	require.InDelta(t, 0, st.Mean[0], 1e-6)
	require.InDelta(t, 1, st.Std[0], 1e-6)
	require.Greater(t, max(ChannelStats(s.Test).Mean[0], -ChannelStats(s.Test).Mean[0]), 1e-4)

	// Every row is in one part, with its own features and label.
	seen := map[string]bool{}
	for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
		for i := range d.Len() {
			var number int
			_, err := fmt.Sscanf(d.Key(i), "p-%d", &number)
			require.NoError(t, err)
			require.False(t, seen[d.Key(i)])
			seen[d.Key(i)] = true
			x, err := d.Encoding.Row(map[string]string{"age": fmt.Sprint(20 + number*7%60), "sex": []string{"F", "M"}[number%2]})
			require.NoError(t, err)
			require.Equal(t, x, d.Row(i))
			require.Equal(t, []string{"ill", "well", "well"}[number%3], d.ClassName(int(d.Y[i])))
		}
	}
	require.Len(t, seen, 300)

	// The ending says that it is a CSV file.
	again, err := Open(t.Context(), path+asPatients+"&validation=0.1")
	require.NoError(t, err)
	require.Equal(t, s, again)
	other, err := Open(t.Context(), path+asPatients+"&validation=0.1&seed=2")
	require.NoError(t, err)
	require.NotEqual(t, s.Test.Keys, other.Test.Keys)
}

// TestSplitStays: when rows leave the file, those that stay keep their part,
// once the limits of the split are known.
func TestSplitStays(t *testing.T) {
	s, err := Open(t.Context(), write(t, "a.csv", patients(600, nil))+asPatients)
	require.NoError(t, err)
	part := func(s *Splits) map[string]string {
		m := map[string]string{}
		for name, d := range map[string]*Dataset{"train": s.Train, "validation": s.Validation, "test": s.Test} {
			for i := range d.Len() {
				m[d.Key(i)] = name
			}
		}
		return m
	}
	before := part(s)
	gone := func(i int) bool { return i%7 == 0 }
	fewer := write(t, "b.csv", patients(600, gone))
	raw, err := json.Marshal(s.Train.Encoding)
	require.NoError(t, err)
	var e Encoding
	require.NoError(t, json.Unmarshal(raw, &e))
	later, err := e.Open(t.Context(), "csv:"+fewer)
	require.NoError(t, err)
	after := part(later)
	require.Len(t, after, 514)
	for key, p := range after {
		require.Equal(t, before[key], p, key)
	}
	// and their features, though means have changed
	at := map[string]int{}
	for i := range s.Train.Len() {
		at[s.Train.Key(i)] = i
	}
	for i := range later.Train.Len() {
		require.Equal(t, s.Train.Row(at[later.Train.Key(i)]), later.Train.Row(i))
	}
	require.Equal(t, s.Train.Encoding, later.Train.Encoding)

	_, err = e.Open(t.Context(), write(t, "c.csv", "patient,age,outcome\np,3,ill\n"))
	require.ErrorContains(t, err, "3 columns; the data that it has to be like have 4")
	_, err = e.Open(t.Context(), write(t, "c.csv", "patient,age,sex,outcome\np,3,F,ill\np-2,3,X,well\n"))
	require.ErrorContains(t, err, `c.csv:3: column "sex": no training row has the category "X"`)
	_, err = e.Open(t.Context(), write(t, "c.csv", "patient,age,sex,outcome\np,3,F,ill\np-2,3,F,dead\n"))
	require.ErrorContains(t, err, `c.csv:3: column "outcome": no training row has the label "dead"`)
	_, err = e.Open(t.Context(), "digits")
	require.ErrorContains(t, err, "cannot be opened like others")
	_, err = e.Open(t.Context(), "cvs:c.csv")
	require.ErrorContains(t, err, "csv")
	_, err = e.Open(t.Context(), "npz:none")
	require.ErrorContains(t, err, "were no arrays")
	_, err = e.Open(t.Context(), "images:"+t.TempDir())
	require.ErrorContains(t, err, "were no images")
}

func TestSplitTestFile(t *testing.T) {
	train, test := write(t, "train.csv", patients(100, nil)), write(t, "test.csv", patients(160, func(i int) bool { return i < 100 }))
	s, err := Open(t.Context(), train+asPatients+"&validation=0.2&test="+test)
	require.NoError(t, err)
	require.Equal(t, []int{80, 20, 60}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, "p-100", s.Test.Key(0))

	s, err = Open(t.Context(), train+asPatients+"&test=last:25")
	require.NoError(t, err)
	require.Equal(t, []int{75, 0, 25}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, "p-75", s.Test.Key(0))
	require.Equal(t, "p-0", s.Train.Key(0))
}

// TestRepeatsStayTogether: rows of one owner are in one part, and are forgotten
// together.
func TestRepeatsStayTogether(t *testing.T) {
	var b strings.Builder
	b.WriteString("who,x,y\n")
	for i := range 400 {
		fmt.Fprintf(&b, "%d,%d,%d\n", i/4, i, i/4%2)
	}
	s, err := Open(t.Context(), write(t, "f.csv", b.String())+"?label=y&id=who&repeats=yes")
	require.NoError(t, err)
	require.Equal(t, 400, s.Train.Len()+s.Test.Len())
	require.InDelta(t, 80, s.Test.Len(), 4)
	in := map[int]bool{}
	for i := range s.Train.Len() {
		in[s.Train.ID(i)] = true
	}
	for i := range s.Test.Len() {
		require.False(t, in[s.Test.ID(i)])
	}
	f, err := ForgetByID(s.Train, s.Train.ID(0))
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3}, f.Positions())
}

func TestWhere(t *testing.T) {
	s, err := Open(t.Context(), write(t, "f.csv", patients(90, nil))+asPatients)
	require.NoError(t, err)
	for spec, want := range map[string]func(number int) bool{
		"where:sex=M":                     func(i int) bool { return i%2 == 1 },
		"where:age=27":                    func(i int) bool { return i*7%60 == 7 },
		"where:outcome=ill":               func(i int) bool { return i%3 == 0 },
		"class:ill":                       func(i int) bool { return i%3 == 0 },
		"where:patient=" + s.Train.Key(4): func(i int) bool { return fmt.Sprintf("p-%d", i) == s.Train.Key(4) },
	} {
		f, err := ParseForget(spec, s.Train, 1)
		require.NoError(t, err, spec)
		for i := range s.Train.Len() {
			var number int
			_, err := fmt.Sscanf(s.Train.Key(i), "p-%d", &number)
			require.NoError(t, err)
			require.Equal(t, want(number), f.Contains(i), "%s: %s", spec, s.Train.Key(i))
		}
	}
	for spec, want := range map[string]string{
		"where:sx=M":       `no column "sx"; did you mean "sex"?`,
		"where:qqqqqqqq=1": "no column \"qqqqqqqq\"; there are ",
		"where:sex":        `"sex" is not column=value`,
		"where:sex=X":      `no training row has the category "X"`,
		"where:age=x":      `"x" is not a number`,
		"where:age=1000":   "the forget set is empty",
		"where:outcome=il": `did you mean "ill"?`,
		"class:il":         `did you mean "ill"?`,
		"class:2":          `there are ill, well`,
	} {
		_, err := ParseForget(spec, s.Train, 1)
		require.ErrorContains(t, err, want, spec)
	}
	_, err = ParseForget("where:a=1", Digits().Train, 1)
	require.ErrorContains(t, err, "the data are no table")
}

func TestOpenErrors(t *testing.T) {
	path := write(t, "f.csv", patients(30, nil))
	for spec, want := range map[string]string{
		"csv:" + path:                                "say label=NAME",
		"csv:" + path + "?lable=outcome":             "no option lable; did you mean label?",
		"csv:" + path + "?label":                     `"label" is not option=value`,
		"csv:" + path + "?label=%zz":                 "write a percent sign as %25",
		"csv:" + path + "?label=a,b":                 "label has several values",
		"csv:" + path + asPatients + "&test=2":       "test=2 is not a share",
		"csv:" + path + asPatients + "&test=0":       "no test rows; say test=SHARE",
		"csv:" + path + asPatients + "&seed=x":       "seed=x is not a whole number",
		"csv:" + path + asPatients + "&sep=ab":       "sep=ab",
		"csv:" + path + asPatients + "&encode=x":     "encode=x; it can be onehot, codes",
		"csv:" + path + asPatients + "&missing=x":    "missing=x; it can be error, drop",
		"csv:" + path + asPatients + "&test=last:99": "the last 99 rows are to test",
		"csv:":                        "no file; say csv:FILE",
		"csv:" + path + ".no?label=y": "no such file",
		"cvs:" + path:                 `no data set or format "cvs"; did you mean "csv"?`,
		"mnits":                       `did you mean "mnist"?`,
		"":                            "no data set or format",
		"parquet:f":                   `import _ "github.com/miniunlearn/miniunlearn/data/parquet"`,
		"digits?n=3":                  "no option n; it takes none",
	} {
		_, err := Open(t.Context(), spec)
		require.ErrorContains(t, err, want, spec)
	}
}

// TestTableNotUTF8: names that a run on disk, or a ledger, could not tell again.
func TestTableNotUTF8(t *testing.T) {
	for _, text := range []string{
		"id,outcome,ward\n1\xe9,0,a\n2,1,b\n3,0,a\n4,1,b\n5,0,a\n6,1,b\n7,0,a\n8,1,b\n",
		"id,outcome,ward\n1,\xe9,a\n2,1,b\n3,\xe9,a\n4,1,b\n5,\xe9,a\n6,1,b\n7,\xe9,a\n8,1,b\n",
		"id,outcome,ward\n1,0,a\xe9\n2,1,b\n3,0,a\xe9\n4,1,b\n5,0,a\xe9\n6,1,b\n7,0,a\xe9\n8,1,b\n",
		"id,outcome,w\xe4rd\n1,0,a\n2,1,b\n3,0,a\n4,1,b\n5,0,a\n6,1,b\n7,0,a\n8,1,b\n",
	} {
		path := write(t, "f.csv", text)
		s, err := Open(t.Context(), "csv:"+path+"?label=outcome&id=id")
		if err == nil {
			err = s.Validate()
		}
		require.ErrorContains(t, err, "is not UTF-8; convert the data", text)
	}
}

func init() { // and not in the test, which may run twice
	Register("mine", func(_ context.Context, s Spec) (*Splits, error) {
		if _, err := s.Text("flavour"); err != nil {
			return nil, err
		}
		if err := s.Done(); err != nil {
			return nil, err
		}
		return Digits(), nil
	})
}

func TestRegister(t *testing.T) {
	s, err := Open(t.Context(), "mine?flavour=a")
	require.NoError(t, err)
	require.Equal(t, Digits(), s)
	_, err = Open(t.Context(), "mine?flavor=a")
	require.ErrorContains(t, err, "did you mean flavour?")
	require.Contains(t, Kinds(), "mine")
	open := func(context.Context, Spec) (*Splits, error) { return Digits(), nil }
	require.PanicsWithValue(t, `data: kind "mine" is registered twice`, func() { Register("mine", open) })
	require.PanicsWithValue(t, `data: Register: "a:b" cannot be a kind of data`, func() { Register("a:b", open) })
	require.PanicsWithValue(t, `data: Register("nothing"): there is no Opener`, func() { Register("nothing", nil) })
}

// FuzzParseSpec: what is read is said to the opener as it was written.
func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{"digits", "csv:a,b.csv?label=y&drop=a,b%2Cc", "a.csv.gz?x=1", "csv:C:\\x.csv?", "??", "csv:a?b?c=d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpec(text)
		if err != nil {
			return
		}
		require.True(t, isKind(s.Kind) || elsewhere[s.Kind] != "", "%q", s.Kind)
		require.Contains(t, text, s.Path)
	})
}
