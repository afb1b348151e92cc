package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ours takes text apart with records.
func ours(text []byte, comma byte) (all [][]string, lines []int, err error) {
	r := records{text: text, comma: comma, line: 1}
	for {
		ok, err := r.next()
		if err != nil || !ok {
			return all, lines, err
		}
		var rec []string
		for _, f := range r.fields {
			rec = append(rec, string(f))
		}
		all, lines = append(all, rec), append(lines, r.at)
	}
}

// theirs takes it apart with encoding/csv.
func theirs(text []byte, comma byte) (all [][]string, lines []int, err error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.Comma = -1, rune(comma)
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, lines, nil
		}
		if err != nil {
			return all, lines, err
		}
		line, _ := r.FieldPos(0)
		all, lines = append(all, rec), append(lines, line)
	}
}

var csvTexts = []string{
	"", "a,b\n1,2\n", "a,b\r\n1,2", "\n\n a , b\n\n", `"a","b"` + "\n" + `"x ""y""",z`, "\"two\nlines\",\"and\r\nmore\"\n1,2\n",
	"a,\"\"\n,\n", "\"\"\n", "a\"b,c\n", "\"a\"b,c\n", "\"open\n", "1,2\n\"\n\n\"\"\n\",3\n", "\r\n\r\n1\r\n", "a,b\rc\n", "\"a\r\n\"\r\n", "x\r", "\r",
}

func TestRecordsAsEncodingCSV(t *testing.T) {
	for _, text := range csvTexts {
		got, lines, err := ours([]byte(text), ',')
		want, wantLines, wantErr := theirs([]byte(text), ',')
		require.Equal(t, wantErr != nil, err != nil, "%q: %v, want %v", text, err, wantErr)
		require.Equal(t, want, got, "%q", text)
		require.Equal(t, wantLines, lines, "%q", text)
	}
}

// FuzzRecords: what encoding/csv reads, these do in the same way, and what it
// refuses they refuse.
func FuzzRecords(f *testing.F) {
	for _, s := range csvTexts {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, lines, err := ours(text, ',')
		want, wantLines, wantErr := theirs(text, ',')
		require.Equal(t, wantErr != nil, err != nil, "%v, want %v", err, wantErr)
		require.Equal(t, want, got)
		require.Equal(t, wantLines, lines)
	})
}

// TestBlocks: however a file is cut, its records are the same.
func TestBlocks(t *testing.T) {
	var text strings.Builder
	for i := range 300 {
		text.WriteString([]string{"1,2\n", "\"a\nb\",\"c,\"\"d\"\"\n\"\n", "\n", "x,y\r\n", "\"\",\n"}[i%5])
	}
	want, wantLines, err := ours([]byte(text.String()), ',')
	require.NoError(t, err)
	for _, size := range []int{1, 2, 3, 7, 16, 64, 1000, 1 << 20} {
		s := newSource(strings.NewReader(text.String()), "f", true)
		s.size = size
		var got [][]string
		var lines []int
		for b := range s.blocks() {
			require.NoError(t, b.err)
			records, at, err := ours(b.text, ',')
			require.NoError(t, err)
			got = append(got, records...)
			for _, l := range at {
				lines = append(lines, l+b.line-1)
			}
			s.recycle(b)
		}
		require.Equal(t, want, got, "%d", size)
		require.Equal(t, wantLines, lines, "%d", size)
	}
}
