package ledger_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// smallDisk is a file system in memory of some MB, which only the superuser may make.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("cannot make a small file system: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	return dir
}

// fill leaves so many bytes free.
func fill(t *testing.T, disk string, free int64) (path string) {
	t.Helper()
	var s syscall.Statfs_t
	require.NoError(t, syscall.Statfs(disk, &s))
	path = filepath.Join(disk, "filler")
	require.NoError(t, os.WriteFile(path, make([]byte, max(0, int64(s.Bfree)*s.Bsize-free)), 0o600))
	return path
}

// TestFullDisk: a disk that is full at any point of a request leaves the ledger as it
// was, the request waiting; with space again it is served. If it gets full when the
// change counts already, the next Open ends it.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "size=4m")
	dir, ds := filepath.Join(disk, "run"), people()
	_, _, err := history.Train(t.Context(), dir, history.LogitGradients(), nets.Logistic(64, 10), ds, nets.Config{})
	require.NoError(t, err)
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	failed, rescued := 0, 0
	gone := []string{}
	for free := int64(0); ; free += 4 << 10 {
		id := people().Keys[int(free/(4<<10))*3+2]
		if len(l.Waiting()) == 0 {
			_, err := l.Request(id)
			require.NoError(t, err)
			gone = append(gone, id)
		}
		before := content(t, dir)
		filler := fill(t, disk, free)
		r, err := l.Forget(t.Context(), unlearning.Mini{})
		require.NoError(t, os.Remove(filler))
		switch {
		case err == nil:
			require.Greater(t, failed, 3)
			t.Logf("full at %d points before the change counted, at %d after it", failed, rescued)
			require.NoError(t, l.Close())
			_, err := ledger.Verify(dir)
			require.NoError(t, err)
			return
		case r == nil:
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.Equal(t, before, content(t, dir), "with %d bytes free", free)
			require.Len(t, l.Waiting(), 1)
			failed++
		default:
			require.ErrorIs(t, err, syscall.ENOSPC)
			_, err := l.Request("person-00999")
			require.ErrorContains(t, err, "open the ledger again")
			require.NoError(t, l.Close())
			l, err = ledger.Open(t.Context(), dir, without(ds, gone...), options())
			require.NoError(t, err)
			require.Empty(t, l.Waiting())
			rescued++
		}
		require.Less(t, free, int64(4<<20))
	}
}

// TestFullDiskTraining: a training that meets a full disk goes on when there is space.
func TestFullDiskTraining(t *testing.T) {
	disk := smallDisk(t, "size=4m")
	ds, arch := people(), nets.Logistic(64, 10)
	cfg := nets.Config{Epochs: 8, Batch: 50, LR: nets.Cosine(0.1), Seed: 4}
	want, err := nets.Train(t.Context(), arch, ds, cfg)
	require.NoError(t, err)
	dir := filepath.Join(disk, "run")
	for free := int64(100 << 10); ; free += 150 << 10 {
		filler := fill(t, disk, free)
		run, rec, err := history.Train(t.Context(), dir, history.All().And(history.LogitGradients()), arch, ds, cfg)
		require.NoError(t, os.Remove(filler))
		if err == nil {
			require.Equal(t, want.Params.Float32s(), run.Params.Float32s())
			require.NoError(t, rec.Check(run))
			require.Greater(t, free, int64(300<<10))
			return
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
		if _, err := os.Stat(filepath.Join(dir, "run.json")); err == nil {
			_, err := history.Inspect(dir)
			require.NoError(t, err)
		}
		require.Less(t, free, int64(4<<20))
	}
}

// TestReadOnly: a folder that cannot be written can be read, and is left alone.
func TestReadOnly(t *testing.T) {
	disk := smallDisk(t, "size=4m")
	dir, ds := filepath.Join(disk, "run"), people()
	_, _, err := history.Train(t.Context(), dir, history.LogitGradients(), nets.Logistic(64, 10), ds, nets.Config{})
	require.NoError(t, err)
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4m"))
	_, err = ledger.Open(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorContains(t, err, "must be writable")
	_, err = ledger.Verify(dir)
	require.NoError(t, err)
	_, _, err = history.Train(t.Context(), filepath.Join(disk, "other"), history.LogitGradients(), nets.Logistic(64, 10), ds, nets.Config{})
	require.ErrorIs(t, err, syscall.EROFS)
}

// TestNoHandles: without file handles nothing is done, and nothing is lost.
func TestNoHandles(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	_, err = l.Request("person-00007")
	require.NoError(t, err)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	before := content(t, dir)
	failed := 0
	for more := uint64(0); more < 20; more++ {
		open, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		few := limit
		few.Cur = uint64(len(open)-1) + more
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few))
		r, err := l.Forget(context.Background(), unlearning.Mini{})
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		if err == nil {
			require.Greater(t, failed, 0)
			require.NoError(t, l.Close())
			_, err := ledger.Verify(dir)
			require.NoError(t, err)
			return
		}
		failed++
		require.True(t, errors.Is(err, syscall.EMFILE), "%v", err)
		if r == nil {
			after := content(t, dir)
			// What cannot be removed without handles is removed at the next attempt.
			maps.DeleteFunc(after, func(name, _ string) bool {
				return strings.HasSuffix(name, ".tmp") || strings.Contains(name, "generation-")
			})
			require.Equal(t, before, after, "with %d handles", more)
			continue
		}
		require.NoError(t, l.Close())
		l, err = ledger.Open(t.Context(), dir, without(ds, "person-00007"), options())
		require.NoError(t, err)
		require.Empty(t, l.Waiting())
		return
	}
	t.Fatal("never served")
}
