package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExports(t *testing.T) {
	for _, tt := range []struct {
		name string
		root string
		v    variant
		m    manifest
		want string
	}{
		{
			name: "cpu", root: "/c/lt", v: cpu,
			want: "export CGO_CXXFLAGS='-O2 -g0 -D_GLIBCXX_USE_CXX11_ABI=0 -I/c/lt/torch/include -I/c/lt/torch/include/torch/csrc/api/include'\n" +
				"export CGO_LDFLAGS='-L/c/lt/stubs -L/c/lt/torch/lib -Wl,-rpath,/c/lt/torch/lib'\n",
		},
		{
			name: "cuda, new ABI", root: "/c/lt", v: cu121, m: manifest{NewABI: true},
			want: "export CGO_CXXFLAGS='-O2 -g0 -D_GLIBCXX_USE_CXX11_ABI=1 -I/c/lt/torch/include -I/c/lt/torch/include/torch/csrc/api/include'\n" +
				"export CGO_LDFLAGS='-L/c/lt/stubs -L/c/lt/torch/lib -Wl,-rpath,/c/lt/torch/lib -Wl,--no-as-needed -ltorch_cuda -ltorch'\n",
		},
		{
			name: "space", root: "/c d", v: cpu,
			want: `export CGO_CXXFLAGS='-O2 -g0 -D_GLIBCXX_USE_CXX11_ABI=0 "-I/c d/torch/include" "-I/c d/torch/include/torch/csrc/api/include"'` + "\n" +
				`export CGO_LDFLAGS='"-L/c d/stubs" "-L/c d/torch/lib" "-Wl,-rpath,/c d/torch/lib"'` + "\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, writeExports(&out, layout{tt.root}, tt.v, tt.m))
			require.Equal(t, tt.want, out.String())
		})
	}
}

func TestDefaultFolder(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	t.Setenv("HOME", "/home/someone")
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	l, err := newLayout("", cpu)
	require.NoError(t, err)
	require.Equal(t, cache+"/miniunlearn/libtorch-2.1.0-cpu", l.root)
}
