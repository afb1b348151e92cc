//go:build libtorch

package headers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWrongInstallation builds this package's test with flags that are wrong in
// the ways that happen. The messages stand in docs/gpu.md.
func TestWrongInstallation(t *testing.T) {
	cxx, ld := os.Getenv("CGO_CXXFLAGS"), os.Getenv("CGO_LDFLAGS")
	const abi = "-D_GLIBCXX_USE_CXX11_ABI="
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("builds six programs; set MINIUNLEARN_LONG=1")
	}
	if !strings.Contains(cxx, abi) || !strings.Contains(ld, "-Wl,-rpath,") {
		t.Skip("needs the exports of setup in the environment")
	}
	other := strings.NewReplacer(abi+"0", abi+"1", abi+"1", abi+"0").Replace(cxx)
	release := filepath.Join(t.TempDir(), "torch/csrc/api/include/torch")
	require.NoError(t, os.MkdirAll(release, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(release, "version.h"), []byte("#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 2\n#define TORCH_VERSION_PATCH 0\n"), 0o600))
	root, _, _ := strings.Cut(release, "/torch/csrc")
	var nowhere []string
	for _, f := range strings.Fields(ld) {
		if !strings.HasPrefix(f, "-Wl,-rpath,") {
			nowhere = append(nowhere, f)
		}
	}
	for _, c := range []struct{ name, cxx, ld, want string }{
		{"as it is", cxx, ld, ""},
		{"no headers", "-O2", ld, `libtorch 2.1.0 is not in the include path. Run: eval "$(go run`},
		{"another version", "-I" + root, ld, `this is another libtorch; gotch v0.9.1 needs 2.1.0. Run: eval "$(go run`},
		{"another ABI", other, ld, "this_libtorch_has_another_string_ABI__run_graph_libtorch_setup_again"},
		{"no library to link", cxx, "-O2", "cannot find -lc10"},
		{"no library to run", cxx, strings.Join(nowhere, " "), "error while loading shared libraries: libc10.so"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The program to build is this test, which then runs nothing.
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-tags", "libtorch", "-run", "^$", ".")
			cmd.Env = append(os.Environ(), "CGO_CXXFLAGS="+c.cxx, "CGO_LDFLAGS="+c.ld, "LD_LIBRARY_PATH=")
			out, err := cmd.CombinedOutput()
			if c.want == "" {
				require.NoError(t, err, string(out))
				return
			}
			require.Error(t, err)
			require.Contains(t, string(out), c.want)
		})
	}
}
