package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve answers with data, ranges included, and counts the bytes sent.
func serve(t *testing.T, data []byte) (url string, ranges *[]string) {
	t.Helper()
	ranges = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*ranges = append(*ranges, r.Header.Get("Range"))
		http.ServeContent(w, r, "a.zip", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s.URL, ranges
}

func TestDownloadGoesOn(t *testing.T) {
	data := bytes.Repeat([]byte("libtorch"), 100)
	url, ranges := serve(t, data)
	name := filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.WriteFile(name+".part", data[:300], 0o644))

	require.NoError(t, download(t.Context(), url, name))
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, data, got)
	require.Equal(t, []string{"bytes=300-"}, *ranges)

	require.NoError(t, download(t.Context(), url, name))
	require.Len(t, *ranges, 1, "a whole file is not fetched again")
}

func TestDownloadErrors(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	name := filepath.Join(t.TempDir(), "a.zip")
	require.ErrorContains(t, download(t.Context(), s.URL, name), "404 Not Found")

	url, _ := serve(t, []byte("short"))
	require.NoError(t, os.WriteFile(name+".part", []byte("longer than that"), 0o644))
	require.ErrorContains(t, download(t.Context(), url, name), "run the command again")
	require.NoFileExists(t, name+".part")
}

func TestArchive(t *testing.T) {
	good := zipped(t,
		entry{name: "libtorch/build-hash", content: commit + "\n"},
		entry{name: "libtorch/lib/libc10.so", content: "elf"},
		entry{name: "libtorch/share/cmake/Torch.cmake", content: "not wanted"},
	)
	for _, tt := range []struct {
		name   string
		data   []byte
		sha256 string
		want   string
	}{
		{"good", good, "", ""},
		{"good, checked", good, sha(good), ""},
		{"another checksum", good, sha(nil), "has SHA-256"},
		{"another commit", zipped(t, entry{name: "libtorch/build-hash", content: "0123"}), "", `built from commit "0123"`},
		{"not libtorch", zipped(t, entry{name: "x"}), "", "not a libtorch archive"},
		{"a web page", []byte("<html>"), "", "is no zip file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, tt.data)
			root := openRoot(t)
			l := layout{root.Name()}
			files, err := installArchive(t.Context(), config{archiveURL: url, sha256: tt.sha256}, root, l, cpu, io.Discard)
			if tt.want == "" {
				require.NoError(t, err)
				require.Len(t, files, 1)
				require.Equal(t, "torch/lib/libc10.so", files[0].Name)
				return
			}
			require.ErrorContains(t, err, tt.want)
			left, err := filepath.Glob(filepath.Join(l.downloads(), "*"))
			require.NoError(t, err)
			require.Empty(t, left, "a refused archive is not found again")
		})
	}
}
