package data

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadDigits(t *testing.T) {
	s, err := Load("digits", "")
	require.NoError(t, err)
	require.Equal(t, Digits(), s)
	s, err = Load("digits", "no such folder")
	require.NoError(t, err)
	require.Equal(t, "digits", s.Name)
}

func TestLoadFolders(t *testing.T) {
	root := t.TempDir()
	for name, file := range fakeMNIST(t, 20, 10) {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "mnist"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, "mnist", name), file.Data, 0o600))
	}
	t.Setenv(EnvData, root)
	byVariable, err := Load("mnist", "")
	require.NoError(t, err)
	require.Equal(t, 20, byVariable.Train.Len())
	t.Setenv(EnvData, "")
	byFolder, err := Load("mnist", filepath.Join(root, "mnist"))
	require.NoError(t, err)
	require.Equal(t, byVariable, byFolder)

	same, err := Load("fashion-mnist", filepath.Join(root, "mnist"))
	require.NoError(t, err)
	require.Equal(t, "fashion-mnist/train", same.Train.Name)
}

func TestLoadErrors(t *testing.T) {
	root := t.TempDir()
	t.Setenv(EnvData, root)
	_, err := Load("imagenet", "")
	require.ErrorContains(t, err, `no data set "imagenet"; there are adult, cifar10, cifar100, covtype, digits, fashion-mnist, higgs, mnist`)

	for _, name := range []string{"mnist", "fashion-mnist", "cifar10", "cifar100", "covtype", "higgs", "adult"} {
		_, err = Load(name, "")
		require.ErrorIs(t, err, ErrNoData)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, filepath.Join(root, name))

		_, err = Load(name, root) // there, but without the files
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, root)
	}
	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Load("mnist", file)
	require.ErrorIs(t, err, ErrNoData)
	require.ErrorContains(t, err, "not a folder")

	t.Setenv(EnvData, "")
	_, err = Load("mnist", "")
	require.ErrorIs(t, err, ErrNoData)
	require.ErrorContains(t, err, "MINIUNLEARN_DATA is not set")
}
