package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzFiles: no content of a folder's files panics, whatever its list of checksums
// says; what is read of answers is of the shape that was asked for.
func FuzzFiles(f *testing.F) {
	whole := encode([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	sum := sha256.Sum256(whole)
	f.Add([]byte(hex.EncodeToString(sum[:])+"  answers.npy\n"), whole)
	f.Add([]byte("0011  x\n"), whole[:40])
	f.Add([]byte("\n"), append([]byte("\x93NUMPY\x02\x00\xff\xff\xff\x7f"), whole[10:]...))
	f.Add([]byte(hex.EncodeToString(sum[:])+"  ../x\n"), []byte("\x93NUMPY\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, sums, answers []byte) {
		a := &folder{dir: t.TempDir(), sums: map[string]string{}}
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, sumsFile), sums, 0o600))
		if err := a.readSums(); err != nil {
			require.ErrorIs(t, err, ErrDamaged)
		}
		for name := range a.sums {
			require.Equal(t, name, filepath.Base(name))
		}
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, "answers.npy"), answers, 0o600))
		listed := sha256.Sum256(answers)
		a.sums["answers.npy"] = hex.EncodeToString(listed[:])
		x, err := a.getBlock("answers.npy", 2, 3, 2)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			return
		}
		require.Len(t, appendNumbers([]float32{7}, x), 3)
	})
}
