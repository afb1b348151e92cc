package folderlock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// holdFolder makes the test binary a process that takes a lock and waits.
const holdFolder = "FOLDERLOCK_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdFolder); dir != "" {
		if _, err := Acquire(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		select {}
	}
	os.Exit(m.Run())
}

// TestOneWriter: of many that ask, one gets the folder; the others are told who
// has it. Released, it is free again.
func TestOneWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	const writers = 20
	locks := make([]*Lock, writers)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			l, err := Acquire(dir)
			if err != nil {
				if !errors.Is(err, ErrHeld) {
					t.Errorf("not ErrHeld: %v", err)
				}
				refused.Add(1)
			}
			locks[i] = l
		})
	}
	wg.Wait()
	require.EqualValues(t, writers-1, refused.Load())
	_, err := Acquire(dir)
	require.ErrorIs(t, err, ErrHeld)
	require.ErrorContains(t, err, fmt.Sprintf("process %d on ", os.Getpid()))
	who, held, err := Holder(dir)
	require.NoError(t, err)
	require.True(t, held)
	require.Contains(t, who, fmt.Sprint(os.Getpid()))

	for _, l := range locks {
		require.NoError(t, l.Release())
		require.NoError(t, l.Release(), "twice")
	}
	_, held, err = Holder(dir)
	require.NoError(t, err)
	require.False(t, held)
	again, err := Acquire(dir)
	require.NoError(t, err)
	require.NoError(t, again.Release())
	info, err := os.Stat(filepath.Join(dir, Name))
	require.NoError(t, err)
	require.Zero(t, info.Size())
}

// TestDeathFrees: a process keeps others out, and its death, without any clean-up,
// lets them in.
func TestDeathFrees(t *testing.T) {
	dir := t.TempDir()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), holdFolder+"="+dir)
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)

	_, err = Acquire(dir)
	require.ErrorIs(t, err, ErrHeld)
	require.ErrorContains(t, err, fmt.Sprintf("process %d on ", other.Process.Pid))
	require.NoError(t, other.Process.Kill())
	require.Error(t, other.Wait())
	l, err := Acquire(dir)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

// TestLost: who holds a lock that keeps nobody out can find out.
func TestLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	for _, lose := range []func() error{
		func() error { return os.Rename(dir, dir+"-moved") },
		func() error { return os.RemoveAll(dir) },
		func() error { return os.Remove(filepath.Join(dir, Name)) },
	} {
		l, err := Acquire(dir)
		require.NoError(t, err)
		require.NoError(t, l.Check())
		require.NoError(t, lose())
		require.ErrorIs(t, l.Check(), ErrLost)
		other, err := Acquire(dir)
		require.NoError(t, err)
		require.ErrorIs(t, l.Check(), ErrLost)
		require.NoError(t, other.Check())
		require.NoError(t, other.Release())
		require.NoError(t, l.Release())
	}
	_, err := Acquire("")
	require.ErrorContains(t, err, "no folder is named")
}

func TestBadFolder(t *testing.T) {
	dir := t.TempDir()
	_, held, err := Holder(filepath.Join(dir, "missing"))
	require.NoError(t, err)
	require.False(t, held)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Acquire(file)
	require.ErrorContains(t, err, file)
	_, err = os.Stat(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	var none *Lock
	require.NoError(t, none.Release())
}
