package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// content is what is published.
var content = bytes.Repeat([]byte("0123456789abcdef"), 20_000)

// published is a set of one file at url.
func published(url string) []set {
	sum := md5.Sum(content)
	return []set{{"toy", "page", "CC0", "nobody", []file{{name: "toy.bin", url: url, size: int64(len(content)), md5: hex.EncodeToString(sum[:]), by: "this test"}}}}
}

// quick is a downloader without patience.
func quick() *downloader {
	d := newDownloader()
	d.stall, d.pause = 300*time.Millisecond, time.Millisecond
	return d
}

func get(t *testing.T, d *downloader, dir string, h http.HandlerFunc) error {
	server := httptest.NewServer(h)
	defer server.Close()
	var out, log bytes.Buffer
	return run(t.Context(), []string{"-dir", dir, "toy"}, &out, &log, published(server.URL), d)
}

// honest serves the content, and parts of it.
func honest(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "toy.bin", time.Time{}, bytes.NewReader(content))
}

func whole(t *testing.T, dir string) {
	got, err := os.ReadFile(filepath.Join(dir, "toy", "toy.bin"))
	require.NoError(t, err)
	require.Equal(t, content, got)
	require.NoFileExists(t, filepath.Join(dir, "toy", "toy.bin.part"))
}

func TestFetch(t *testing.T) {
	dir := t.TempDir()
	var asked atomic.Int64
	count := func(w http.ResponseWriter, r *http.Request) { asked.Add(1); honest(w, r) }
	require.NoError(t, get(t, quick(), dir, count))
	whole(t, dir)
	require.NoError(t, get(t, quick(), dir, count))
	require.EqualValues(t, 1, asked.Load(), "what is there is not fetched again")

	// A damaged file is fetched again, an interrupted one goes on.
	path := filepath.Join(dir, "toy", "toy.bin")
	require.NoError(t, os.WriteFile(path, append([]byte("x"), content[1:]...), 0o600))
	require.NoError(t, get(t, quick(), dir, count))
	whole(t, dir)
	require.NoError(t, os.Rename(path, path+".part"))
	require.NoError(t, os.Truncate(path+".part", 1000))
	require.NoError(t, get(t, quick(), dir, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "bytes=1000-", r.Header.Get("Range"))
		honest(w, r)
	}))
	whole(t, dir)

	// and from its beginning where the server cannot do that
	require.NoError(t, os.Rename(path, path+".part"))
	require.NoError(t, os.Truncate(path+".part", 1000))
	require.NoError(t, get(t, quick(), dir, func(w http.ResponseWriter, _ *http.Request) { w.Write(content) }))
	whole(t, dir)
}

// TestBadServers: whatever the server does, there is an error that says what, and
// no file under the name.
func TestBadServers(t *testing.T) {
	cut := func(w http.ResponseWriter, n int) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.Write(content[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    string
		kept    int64 // bytes in the part, −1 for no part
	}{
		"wrong checksum": {func(w http.ResponseWriter, _ *http.Request) { w.Write(append([]byte("x"), content[1:]...)) }, "is not the file that was published: toy.bin: wrong checksum", -1},
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<!doctype html><html>please log in</html>")
		}, "the server sent a web page", 0},
		"not found": {http.NotFound, "the server answers 404", 0},
		"too small": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			w.Write(content[:9])
		}, "wrong size: the server announces 9 bytes", 0},
		"too large": {func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush() // no length
			w.Write(content)
			w.Write(content)
		}, "wrong size: more than the 320000 bytes", 0},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			for {
				if _, err := w.Write(content); err != nil {
					return
				}
			}
		}, "wrong size: more than", 0},
		"cut at one place": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				cut(w, 1000)
			}
			panic(http.ErrAbortHandler)
		}, "1000 of 320000 bytes are there, run the command again to go on there", 1000},
		"in circles": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again"+r.URL.Path, http.StatusFound)
		}, "sends in circles", 0},
		"broken": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }, "the server answers 502", 0},
		"silent": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				w.Header().Set("Content-Length", strconv.Itoa(len(content)))
				w.Write(content[:500])
			} else {
				w.Header().Set("Content-Range", "bytes 500-319999/320000")
				w.WriteHeader(http.StatusPartialContent)
			}
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "nothing came for 300ms", 500},
		"begins anew and is cut": {func(w http.ResponseWriter, _ *http.Request) { cut(w, 700) }, "of 320000 bytes are there", 700},
		"another part": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 7-9/320000")
			w.WriteHeader(http.StatusPartialContent)
		}, "another part", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			err := get(t, quick(), dir, tc.handler)
			require.ErrorContains(t, err, tc.want)
			require.NoFileExists(t, filepath.Join(dir, "toy", "toy.bin"))
			info, err := os.Stat(filepath.Join(dir, "toy", "toy.bin.part"))
			if tc.kept < 0 {
				require.ErrorIs(t, err, os.ErrNotExist)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.kept, info.Size())
			require.NoError(t, get(t, quick(), dir, honest), "the next call mends it")
			whole(t, dir)
		})
	}
}

// TestSlow: a server that cuts every answer after some bytes gives the file in
// pieces.
func TestSlow(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, get(t, quick(), dir, func(w http.ResponseWriter, r *http.Request) {
		at := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(content)-1, len(content)))
			w.Header().Set("Content-Length", strconv.Itoa(len(content)-at))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		}
		w.Write(content[at:min(len(content), at+50_000)])
		w.(http.Flusher).Flush()
		if at+50_000 < len(content) {
			panic(http.ErrAbortHandler)
		}
	}))
	whole(t, dir)
}

// fullDisk is a file on a disk with room for so many bytes.
type fullDisk struct {
	partial
	room int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n, _ := f.partial.Write(b[:f.room])
		f.room = 0
		return n, syscall.ENOSPC
	}
	f.room -= len(b)
	return f.partial.Write(b)
}

func TestFullDisk(t *testing.T) {
	dir, d := t.TempDir(), quick()
	inner := d.open
	d.open = func(path string) (partial, error) {
		p, err := inner(path)
		return &fullDisk{p, 100_000}, err
	}
	err := get(t, d, dir, honest)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "free space, or name another folder with -dir")
	require.NoError(t, get(t, quick(), dir, honest))
	whole(t, dir)
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.Write(content[:2000])
		w.(http.Flusher).Flush()
		time.Sleep(50 * time.Millisecond)
		stop()
		<-r.Context().Done()
	}))
	defer server.Close()
	var out, log bytes.Buffer
	err := run(ctx, []string{"-dir", dir, "toy"}, &out, &log, published(server.URL), quick())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "run the command again to go on there")
	require.NoError(t, get(t, quick(), dir, honest))
	whole(t, dir)
}

func TestCommand(t *testing.T) {
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-list"}, &out, &log, catalog(), nil))
	for _, s := range catalog() {
		require.Contains(t, out.String(), s.name+":")
		require.Contains(t, data.Names(), s.name)
		require.NotEmpty(t, s.licence)
		for _, f := range s.files {
			require.Positive(t, f.size)
			require.True(t, len(f.md5) == 32 || len(f.sha256) == 64, f.name)
			require.NotEmpty(t, f.by)
			require.True(t, strings.HasPrefix(f.url, "http"))
		}
	}
	dir := t.TempDir()
	require.ErrorContains(t, run(t.Context(), []string{"mnits"}, &out, &log, catalog(), nil), "there are mnist, fashion-mnist")
	require.ErrorContains(t, run(t.Context(), nil, &out, &log, catalog(), nil), "-list lists them")
	require.ErrorIs(t, run(t.Context(), []string{"-verify", "-dir", dir, "toy"}, &out, &log, published(""), nil), os.ErrNotExist)
	require.NoError(t, get(t, quick(), dir, honest))
	require.NoError(t, run(t.Context(), []string{"-verify", "-dir", dir, "toy"}, &out, &log, published(""), nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "toy", "toy.bin"), content[1:], 0o600))
	require.ErrorContains(t, run(t.Context(), []string{"-verify", "-dir", dir, "toy"}, &out, &log, published(""), nil), "fetch it again: go run ./data/fetch toy")
}
