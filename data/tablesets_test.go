package data

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data/synthetic"
)

// made writes n rows like a data set's into a folder of its name.
func made(t testing.TB, root, name, file, kind string, n int) {
	var b bytes.Buffer
	k, err := synthetic.ByName(kind)
	require.NoError(t, err)
	require.NoError(t, k.WriteCSV(&b, n, 1))
	require.NoError(t, os.MkdirAll(filepath.Join(root, name), 0o700))
	content := b.Bytes()
	if strings.HasSuffix(file, ".gz") {
		content = zipped(t, content)
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, name, file), content, 0o600))
}

// TestKnownTables: files of the exact format of Covtype, HIGGS and Adult.
func TestKnownTables(t *testing.T) {
	root := t.TempDir()
	t.Setenv(EnvData, root)
	made(t, root, "covtype", "covtype.data.gz", "covtype-like", 3000)
	made(t, root, "higgs", "HIGGS.csv.gz", "higgs-like", 1000)

	s, err := Open(t.Context(), "covtype")
	require.NoError(t, err)
	require.Equal(t, []int{2400, 600}, []int{s.Train.Len(), s.Test.Len()})
	require.Equal(t, []int{54}, s.Train.Shape)
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, s.Train.Encoding.Labels)
	require.Equal(t, "covtype/train", s.Train.Name)
	f, err := ParseForget("class:4", s.Train, 1)
	require.NoError(t, err)
	require.Equal(t, s.Train.ClassCounts()[3], f.Len(), "label 4, not class 4")

	_, err = Open(t.Context(), "higgs") // whose last 500 000 rows test
	require.ErrorContains(t, err, "the last 500000 rows are to test, and there are 1000")
	s, err = Open(t.Context(), "higgs?test=0.3")
	require.NoError(t, err)
	require.Equal(t, []int{700, 300}, []int{s.Train.Len(), s.Test.Len()})
	require.Nil(t, s.Train.Encoding.Labels)
	s, err = Open(t.Context(), "higgs?test=last:100&standardize=no")
	require.NoError(t, err)
	require.Equal(t, 899, s.Train.ID(899))
	k, err := synthetic.ByName("higgs-like")
	require.NoError(t, err)
	x, y := rowOf(k, 1, 5)
	require.Equal(t, y, int(s.Train.Y[5]))
	for j, v := range x {
		require.Equal(t, float32(v), s.Train.Row(5)[j])
	}

	dir := filepath.Join(root, "adult")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	row := func(age int, work, income string) string {
		return fmt.Sprintf("%d, %s, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, United-States, %s\n", age, work, income)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "adult.data"), []byte(row(39, "State-gov", "<=50K")+row(50, "?", ">50K")+row(38, "Private", "<=50K")+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "adult.test"), []byte("|1x3 Cross validator\n"+row(25, "Private", "<=50K.")+row(28, "?", ">50K.")+"\n"), 0o600))
	s, err = Open(t.Context(), "adult")
	require.NoError(t, err)
	require.Equal(t, []int{3, 2}, []int{s.Train.Len(), s.Test.Len()})
	require.Equal(t, []int32{0, 1}, s.Test.Y)
	require.Equal(t, []string{"<=50K", ">50K"}, s.Train.Encoding.Labels)
	f, err = ParseForget("where:workclass=?", s.Train, 1)
	require.NoError(t, err)
	require.Equal(t, []int{1}, f.Positions())
	_, err = Open(t.Context(), "adult?tset=0.1")
	require.ErrorContains(t, err, "did you mean test?")
}

func TestLoadFromCache(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv(EnvData, t.TempDir())
	made(t, filepath.Join(cache, "miniunlearn"), "covtype", "covtype.data", "covtype-like", 300)
	if dir, err := Cache(); err != nil || !strings.HasPrefix(dir, cache) {
		t.Skip("the user's cache is elsewhere on this system")
	}
	s, err := Load("covtype", "")
	require.NoError(t, err)
	require.Equal(t, 240, s.Train.Len())
	_, err = Load("higgs", "")
	require.ErrorIs(t, err, ErrNoData)
	require.ErrorContains(t, err, "go run ./data/fetch higgs")
}

func TestOpenSynthetic(t *testing.T) {
	s, err := Open(t.Context(), "higgs-like?n=2000&seed=3&validation=0.1")
	require.NoError(t, err)
	require.Equal(t, "higgs-like(n=2000,seed=3)/train", s.Train.Name)
	require.Equal(t, []int{1400, 200, 400}, []int{s.Train.Len(), s.Validation.Len(), s.Test.Len()})
	require.Equal(t, 1400, s.Validation.ID(0))
	require.InDelta(t, 0, ChannelStats(s.Train).Mean[27], 1e-6)
	for spec, want := range map[string]string{"higgs-like?n=3": "n=ROWS, from 10", "covtype-like:x": "made data take", "covtype-like?rows=3": "no option rows"} {
		_, err = Open(t.Context(), spec)
		require.ErrorContains(t, err, want)
	}
}

func rowOf(k synthetic.Kind, seed, i uint64) ([]float64, int) {
	var p rand.PCG
	x := make([]float64, k.Features)
	return x, k.Row(&p, seed, i, x)
}
