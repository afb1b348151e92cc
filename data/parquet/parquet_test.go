package parquet

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/data/table"
)

type patient struct {
	Patient string   `parquet:"patient"`
	Age     int32    `parquet:"age"`
	Weight  *float64 `parquet:"weight,optional"`
	Height  float32  `parquet:"height"`
	Smoker  bool     `parquet:"smoker"`
	Site    string   `parquet:"site,dict"` // "1" or "2": categories all the same
	Outcome string   `parquet:"outcome"`
}

func encode[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func patients(n int) []patient {
	var rows []patient
	for i := range n {
		weight := 50 + float64(i)/4
		p := patient{Patient: "p, \"" + string(rune('A'+i%26)) + string(rune('A'+i/26)), Age: int32(20 + i), Weight: &weight, Height: 1.5 + float32(i)/64, Smoker: i%3 == 0, Site: []string{"1", "2"}[i%2], Outcome: []string{"ill", "well"}[i/2%2]}
		if i == 5 {
			p.Weight = nil
		}
		rows = append(rows, p)
	}
	return rows
}

func TestRead(t *testing.T) {
	rows := patients(100)
	for _, options := range [][]parquet.WriterOption{
		nil, {parquet.Compression(&parquet.Snappy)}, {parquet.Compression(&parquet.Zstd)}, {parquet.MaxRowsPerRowGroup(17)}, {parquet.PageBufferSize(64)},
	} {
		path := filepath.Join(t.TempDir(), "a.parquet")
		require.NoError(t, os.WriteFile(path, encode(t, rows, options...), 0o600))
		s, err := data.Open(t.Context(), path+"?label=outcome&id=patient&missing=mean&standardize=no")
		require.NoError(t, err)
		require.Equal(t, []int{80, 20}, []int{s.Train.Len(), s.Test.Len()})
		require.Equal(t, []int{6}, s.Train.Shape) // age, weight, height, smoker, two sites
		same, err := s.Train.Encoding.Open(t.Context(), path)
		require.NoError(t, err)
		require.Equal(t, s, same)
		byKey := map[string]patient{}
		for _, p := range rows {
			byKey[p.Patient] = p
		}
		for i := range s.Train.Len() {
			p := byKey[s.Train.Key(i)]
			x := s.Train.Row(i)
			require.Equal(t, float32(p.Age), x[0])
			if p.Weight != nil {
				require.Equal(t, float32(*p.Weight), x[1])
			}
			require.Equal(t, p.Height, x[2])
			require.Equal(t, p.Smoker, x[3] == 1)
			require.Equal(t, p.Site == "2", x[5] == 1)
			require.Equal(t, p.Outcome, s.Train.ClassName(int(s.Train.Y[i])))
		}
	}
}

func TestBad(t *testing.T) {
	good := encode(t, patients(50))
	type nested struct {
		Y int32   `parquet:"y"`
		X []int32 `parquet:"x,list"`
	}
	many := encode(t, patients(50))
	for name, tc := range map[string]struct {
		content []byte
		o       table.Options
		want    string
	}{
		"empty":    {nil, table.Options{Label: "outcome"}, "no Parquet file"},
		"cut":      {good[:len(good)-20], table.Options{Label: "outcome"}, "Parquet file"},
		"text":     {[]byte("a,b\n1,2\n"), table.Options{Label: "b"}, "no Parquet file"},
		"nested":   {encode(t, []nested{{1, []int32{1}}}), table.Options{Label: "y"}, `column "x" is nested or repeated`},
		"null":     {many, table.Options{Label: "outcome"}, `:7: column "weight": no value`},
		"no label": {good, table.Options{Label: "outcom"}, `did you mean "outcome"?`},
		"no rows":  {encode(t, []patient{}), table.Options{Label: "outcome"}, "0 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t.Context(), bytes.NewReader(tc.content), int64(len(tc.content)), "f", tc.o)
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := Read(t.Context(), "/dev/zero", table.Options{})
	require.ErrorIs(t, err, files.ErrNotRegular)
}

// FuzzRead: no file crashes the reader.
func FuzzRead(f *testing.F) {
	f.Add(encode(f, patients(20)))
	f.Add(encode(f, patients(20), parquet.Compression(&parquet.Snappy)))
	f.Fuzz(func(t *testing.T, content []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tab, err := read(t.Context(), bytes.NewReader(content), int64(len(content)), "f", table.Options{Label: "outcome", ID: "patient", Missing: "drop"})
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(500*len(content)+256<<20))
		if err == nil {
			tab.Close()
		}
	})
}
